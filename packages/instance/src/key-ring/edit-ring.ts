import {
  type BindingFields,
  describeBinding,
  fieldsOfIdentity,
  type KeptKey,
  type KeyRing,
  type RingChange,
  type RingConflict,
  Secret,
  type SecretUses,
} from '@postern/ports'
import { nameFault, workflowPattern } from '@postern/protocol'
import type { MasterKeys } from './master-keys.js'
import { RingFault } from './ring-fault.js'
import { type ReadKey, readKey, type RingKey, writeBinding, writeKey } from './ring-key.js'

/** A key that is added to the ring. */
export interface NewKey extends Pick<RingKey, 'gateway' | 'project' | 'currency' | 'shared' | 'expires' | 'rotateAfterMs' | 'declared'> {
  readonly alias: string
  readonly secret: Secret
  readonly providerSecret?: Secret | undefined
}

/** Changes the ring of a store. Each change is made whole or not at all, and is in use in every process within a second. */
export class RingEditor {
  readonly #ring: KeyRing
  readonly #masterKeys: MasterKeys

  constructor(ring: KeyRing, masterKeys: MasterKeys) {
    this.#ring = ring
    this.#masterKeys = masterKeys
  }

  /** @throws {RingFault} if the alias or a principal is taken. */
  async add(given: NewKey, bindings: readonly BindingFields[], nowMs: number): Promise<void> {
    await this.#change({ keys: [this.sealNew(given, nowMs)], bind: bindings.map((principal) => this.bindingOf(principal, given.alias)) })
  }

  /** The row of a new key. */
  sealNew({ alias, secret, providerSecret, ...key }: NewKey, nowMs: number): ReturnType<typeof writeKey> {
    const version = 1
    const { sealed, sealedProvider } = this.seal(alias, key.gateway, version, secret, providerSecret)
    return writeKey(
      alias,
      version,
      {
        ...key,
        secrets: [{ role: 'current', since: version, sealed, ...(sealedProvider === undefined ? {} : { sealedProvider }), addedAt: nowMs }],
      },
      this.#masterKeys,
    )
  }

  /** @throws {RingFault} if the principal has a name that no caller can have, or none. */
  bindingOf(principal: BindingFields, alias: string): ReturnType<typeof writeBinding> {
    checkPrincipal(principal)
    return writeBinding(principal, alias, this.#masterKeys)
  }

  seal(
    alias: string,
    gateway: string,
    version: number,
    secret: Secret,
    providerSecret: Secret | undefined,
  ): { readonly sealed: string; readonly sealedProvider: string | undefined } {
    const sealedFor = { alias, gateway, version }
    return {
      sealed: this.#masterKeys.seal(secret, { ...sealedFor, part: 'secret' }),
      sealedProvider:
        providerSecret === undefined ? undefined : this.#masterKeys.seal(providerSecret, { ...sealedFor, part: 'providerSecret' }),
    }
  }

  /** @throws {RingFault} if there is no such key; {@link BrokenSeal} if its row was not written by Postern. */
  async read(alias: string): Promise<ReadKey> {
    return readKey(await this.#kept(alias), this.#masterKeys)
  }

  /** Writes a key as it is after a change. @throws {RingFault} if another command changed it since it was read. */
  async write({ alias, version, key: before }: ReadKey, key: RingKey): Promise<void> {
    const isRotationBegun = before.rotation === undefined && key.rotation !== undefined
    await this.#change({
      keys: [writeKey(alias, version + 1, key, this.#masterKeys)],
      ...(isRotationBegun ? { countAnew: [alias] } : {}),
    })
  }

  /** How often the secrets of a key were sent since its last rotation began. */
  usesOf(alias: string): Promise<readonly SecretUses[]> {
    return this.#ring.usesOf(alias)
  }

  /** @throws {RingFault} if there is no such key, or the principal has one already. */
  async bind(alias: string, principal: BindingFields): Promise<void> {
    await this.read(alias)
    await this.#change({ bind: [this.bindingOf(principal, alias)] })
  }

  /** @throws {RingFault} if the ring binds no such principal. */
  async unbind(principal: BindingFields): Promise<void> {
    checkPrincipal(principal)
    await this.#change({ unbind: [this.bindingOf(principal, '-').selector] })
  }

  /**
   * Removes a key and its secrets, also if no master key opens its row.
   *
   * @throws {RingFault} `missing`: the ring has no key of this alias; `taken`: callers are bound to it.
   */
  async retire(alias: string): Promise<void> {
    const { version } = await this.#kept(alias)
    const bound = await this.#ring.bindingsOf(alias, 4)
    if (bound.length > 0)
      throw new RingFault(
        `Callers are bound to "${alias}": ${bound.map(({ selector }) => describeBinding(fieldsOfIdentity(selector))).join(', ')}${bound.length === 4 ? ', …' : ''}.`,
        'Unbind them first, with "postern keys unbind".',
        'taken',
      )
    await this.#change({ removed: [{ alias, version }] })
  }

  async #kept(alias: string): Promise<KeptKey> {
    const kept = await this.#ring.key(alias)
    if (kept === undefined)
      throw new RingFault(`The ring has no key "${alias}".`, '"postern keys list" shows those that it has.', 'missing')
    return kept
  }

  async #change(change: RingChange): Promise<void> {
    const conflict = await this.#ring.change(change)
    if (conflict !== undefined) throw faultOf(conflict, change.unbind !== undefined)
  }
}

/** @throws {RingFault} */
function checkPrincipal(principal: BindingFields): void {
  const named = Object.entries(principal).filter((entry): entry is [string, string] => entry[1] !== undefined)
  if (named.length === 0)
    throw new RingFault(
      'A binding of the ring names a user, a team, a project, a service label or a workflow.',
      'Write --team acme, for instance.',
    )
  if (principal.service !== undefined && principal.workflow !== undefined)
    throw new RingFault(
      'A binding names a service label or a workflow, and not both.',
      'A session token vouches for a workflow, and a service caller has none: nobody who calls has both.',
    )
  for (const [field, name] of named) {
    if (field === 'workflow' && !workflowPattern.test(name))
      throw new RingFault(
        '"workflow" is no id of a workflow, and no beginning of one with * behind it.',
        'Write 1 to 64 letters, digits, underscores and hyphens; with * at the end for all ids that begin so.',
      )
    const fault = field === 'workflow' ? undefined : nameFault(name)
    if (fault !== undefined) throw new RingFault(`"${field}" is no name: it ${fault}.`, 'Nobody who calls can have it.')
  }
}

/**
 * What stands in the way, in words.
 *
 * @param isUnbinding Whether the change removes a binding. Default: it adds one, or writes keys.
 */
export function faultOf({ aliases, selectors }: RingConflict, isUnbinding = false): RingFault {
  const [alias] = aliases
  if (alias !== undefined)
    return new RingFault(
      `The key "${alias}" is there already, or another command changed it meanwhile.`,
      'Look at it with "postern keys list", and try again.',
      'taken',
    )
  const [selector = ''] = selectors
  const binding = describeBinding(fieldsOfIdentity(selector))
  if (isUnbinding) return new RingFault(`${binding} is not bound by the ring.`, 'Look at its bindings with "postern keys list".', 'missing')
  return new RingFault(
    `${binding} is bound already.`,
    'Look at it with "postern keys list", and unbind it first if it should have another key.',
    'taken',
  )
}
