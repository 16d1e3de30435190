import type { KeyUse } from '@postern/core'
import type { Secret } from '@postern/ports'
import { HeldValue, type Searches } from '../keys/held-value.js'
import type { MasterKeys } from './master-keys.js'
import type { ReadKey, RingSecret, SecretRole } from './ring-key.js'

/** A secret of the ring that is open in the memory of this process. */
export interface OpenSecret extends Pick<RingSecret, 'role' | 'leaked'> {
  readonly secret: Secret
  readonly providerSecret: Secret | undefined
  readonly values: readonly HeldValue[]
  readonly use: KeyUse
  /** Until when it is not sent, by `performance.now()`, since its gateway has refused it and the key has another one. */
  asideUntil: number
}

/** A key of the ring with its secrets open. Answers and logs are searched for all of them, those that are not sent any more included. */
export class HeldKey {
  readonly read: ReadKey
  readonly secrets: readonly OpenSecret[]

  /** @throws {BrokenSeal} */
  constructor(read: ReadKey, masterKeys: MasterKeys, searches: Searches) {
    this.read = read
    this.secrets = read.key.secrets.map((secret) => openSecret(read, secret, masterKeys, searches))
  }

  /** The secret that plays this part and may be sent. */
  of(role: SecretRole): OpenSecret | undefined {
    return this.secrets.find((secret) => secret.role === role)
  }

  /** What ids of stored objects may be sealed with: the secret in use first. */
  get sealing(): readonly Secret[] {
    const order: readonly SecretRole[] = ['current', 'next', 'former']
    return this.secrets
      .toSorted((one, other) => order.indexOf(one.role) - order.indexOf(other.role))
      .map(({ secret, providerSecret = secret }) => providerSecret)
  }

  /** The key is another one now, or is not held any more: answers are searched for its secrets for a while. */
  letGo(): void {
    for (const { values } of this.secrets) for (const value of values) value.replace()
  }
}

function openSecret({ alias, key: { gateway } }: ReadKey, kept: RingSecret, masterKeys: MasterKeys, searches: Searches): OpenSecret {
  const { role, sealed, sealedProvider, since, addedAt } = kept
  const sealedFor = { alias, gateway, version: since }
  const secret = masterKeys.open(sealed, { ...sealedFor, part: 'secret' })
  const providerSecret =
    sealedProvider === undefined ? undefined : masterKeys.open(sealedProvider, { ...sealedFor, part: 'providerSecret' })
  const values = [secret, providerSecret].flatMap((each) => (each === undefined ? [] : [new HeldValue(each, searches, undefined, addedAt)]))
  const use: KeyUse = {
    begin: () => values.forEach((value) => value.begin()),
    end: () => values.forEach((value) => value.end()),
  }
  return { role, leaked: kept.leaked, secret, providerSecret, values, use, asideUntil: 0 }
}
