import type { BindingFields, KeptBinding, KeptKey, Secret } from '@postern/ports'
import { bindingIdentity } from '@postern/ports'
import { BrokenSeal, type MasterKeys } from './master-keys.js'
import { RingFault } from './ring-fault.js'

/** Which part of a rotation a secret plays. `former` ones are not sent any more, and answers are searched for them. */
export type SecretRole = 'current' | 'next' | 'former'

/** A secret of a key of the ring, sealed. */
export interface RingSecret {
  readonly role: SecretRole
  /** The version of the key in which it came. */
  readonly since: number
  readonly sealed: string
  /** Mintoken's second key, sealed. */
  readonly sealedProvider?: string | undefined
  /** When it came, in milliseconds since the epoch. */
  readonly addedAt: number
  /** When it was last not sent any more, in milliseconds since the epoch. */
  readonly leftAt?: number | undefined
  /** Whether it leaked, and must not be sent. */
  readonly leaked?: boolean | undefined
}

/** What the operator says that a key may do at its gateway, to compare keys with; each is the gateway's to enforce. */
export interface Declared {
  readonly budget?: string | undefined
  readonly tier?: string | undefined
  readonly models?: readonly string[] | undefined
  readonly addresses?: readonly string[] | undefined
}

/** How far a rotation is. */
export interface Rotation {
  readonly stage: 'taken' | 'validated' | 'sharing' | 'confirmed' | 'promoted'
  /** How many callers of a hundred use the next secret. */
  readonly share: number
  readonly startedAt: number
  /** The request id of the call with which the next secret was validated, to find it in the gateway's logs. */
  readonly validatedBy?: string | undefined
}

/** A key of the ring. */
export interface RingKey {
  readonly gateway: string
  readonly project?: string | undefined
  readonly currency?: string | undefined
  readonly shared?: boolean | undefined
  /** ISO 8601, a day. */
  readonly expires?: string | undefined
  readonly rotateAfterMs?: number | undefined
  readonly declared?: Declared | undefined
  readonly secrets: readonly RingSecret[]
  readonly rotation?: Rotation | undefined
}

/** A key with its alias and version. */
export interface ReadKey {
  readonly alias: string
  readonly version: number
  readonly key: RingKey
}

/** The secrets of a key in the clear. @throws {BrokenSeal} */
export function openSealed(
  { alias, key: { gateway } }: ReadKey,
  { since, sealed, sealedProvider }: RingSecret,
  masterKeys: MasterKeys,
): { readonly secret: Secret; readonly providerSecret: Secret | undefined } {
  const sealedFor = { alias, gateway, version: since }
  return {
    secret: masterKeys.open(sealed, { ...sealedFor, part: 'secret' }),
    providerSecret: sealedProvider === undefined ? undefined : masterKeys.open(sealedProvider, { ...sealedFor, part: 'providerSecret' }),
  }
}

/** The most that a row of a key may have, in bytes: what `KeptKey.row` promises. */
export const maxRowBytes = 16_384

/** The row of a key, marked with the master key. @throws {RingFault} if it would have more than {@link maxRowBytes}. */
export function writeKey(alias: string, version: number, key: RingKey, masterKeys: MasterKeys): KeptKey {
  const text = JSON.stringify(key)
  const row = JSON.stringify({ mac: masterKeys.mac(keyText(alias, version, text)), key: text })
  const bytes = Buffer.byteLength(row)
  if (bytes > maxRowBytes)
    throw new RingFault(
      `The key "${alias}" would take ${bytes} bytes of the ring, and may take ${maxRowBytes}.`,
      'Give it a shorter secret, or declare less of it.',
    )
  return { alias, version, row }
}

/** @throws {BrokenSeal} if the row was not written under one of the master keys, or was written for another alias or version. */
export function readKey({ alias, version, row }: KeptKey, masterKeys: MasterKeys): ReadKey {
  const { mac, key } = parseRow(row)
  masterKeys.check(keyText(alias, version, key), mac)
  return { alias, version, key: JSON.parse(key) as RingKey }
}

/**
 * The row of a key, sealed and marked anew under the first master key; `undefined`: all of it is already.
 *
 * @throws {BrokenSeal} if a part of it does not open.
 */
export function resealKey(kept: KeptKey, masterKeys: MasterKeys): KeptKey | undefined {
  const read = readKey(kept, masterKeys)
  const { alias, version, key } = read
  const marks = [parseRow(kept.row).mac, ...key.secrets.flatMap(({ sealed, sealedProvider }) => [sealed, sealedProvider ?? sealed])]
  if (marks.every((mark) => masterKeys.isUnderFirst(mark))) return undefined
  const secrets = key.secrets.map((each): RingSecret => {
    const { secret, providerSecret } = openSealed(read, each, masterKeys)
    const sealedFor = { alias, gateway: key.gateway, version: each.since }
    const sealed = masterKeys.seal(secret, { ...sealedFor, part: 'secret' })
    if (providerSecret === undefined) return { ...each, sealed }
    return { ...each, sealed, sealedProvider: masterKeys.seal(providerSecret, { ...sealedFor, part: 'providerSecret' }) }
  })
  return writeKey(alias, version + 1, { ...key, secrets }, masterKeys)
}

/** A binding, marked anew under the first master key; `undefined`: it is already. @throws {BrokenSeal} */
export function resealBinding(kept: KeptBinding, masterKeys: MasterKeys): KeptBinding | undefined {
  checkBinding(kept, masterKeys)
  const { selector, alias, mac } = kept
  return masterKeys.isUnderFirst(mac) ? undefined : { selector, alias, mac: masterKeys.mac(bindingText(selector, alias)) }
}

/** A binding, marked with the master key. */
export function writeBinding(binding: BindingFields, alias: string, masterKeys: MasterKeys): KeptBinding {
  const selector = bindingIdentity(binding)
  return { selector, alias, mac: masterKeys.mac(bindingText(selector, alias)) }
}

/** @throws {BrokenSeal} if the binding was not written under one of the master keys. */
export function checkBinding({ selector, alias, mac }: KeptBinding, masterKeys: MasterKeys): void {
  masterKeys.check(bindingText(selector, alias), mac)
}

function keyText(alias: string, version: number, text: string): string {
  return `key\n${alias}\n${version}\n${text}`
}

function bindingText(selector: string, alias: string): string {
  return `binding\n${selector}\n${alias}`
}

function parseRow(row: string): { readonly mac: string; readonly key: string } {
  try {
    const read: unknown = JSON.parse(row)
    if (
      typeof read === 'object' &&
      read !== null &&
      'mac' in read &&
      'key' in read &&
      typeof read.mac === 'string' &&
      typeof read.key === 'string'
    )
      return { mac: read.mac, key: read.key }
  } catch {
    // Not what Postern writes.
  }
  throw new BrokenSeal('The row is not one that Postern wrote.')
}
