import type { KeyUse } from '@postern/core'
import type { Secret } from '@postern/ports'
import { HeldValue, type Searches, useOf } from '../keys/held-value.js'
import type { MasterKeys } from './master-keys.js'
import { openSealed, type ReadKey, type RingSecret, type SecretRole } from './ring-key.js'
import type { UseCounts } from './use-counts.js'

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

  /**
   * @param counts Counts the uses of each secret while a rotation is under way.
   * @throws {BrokenSeal}
   */
  constructor(read: ReadKey, masterKeys: MasterKeys, searches: Searches, counts: UseCounts) {
    this.read = read
    this.secrets = read.key.secrets.map((secret) => openSecret(read, secret, masterKeys, searches, counts))
  }

  /** The secret with this role. A leaked one is always `former`. */
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

  /**
   * The key was changed, or is not held any more.
   *
   * @param searchedMs How long answers are searched for its secrets from now, in milliseconds. Default: an hour.
   */
  letGo(searchedMs?: number): void {
    for (const { values } of this.secrets) for (const value of values) value.replace(searchedMs)
  }
}

function openSecret(read: ReadKey, kept: RingSecret, masterKeys: MasterKeys, searches: Searches, counts: UseCounts): OpenSecret {
  const { role, leaked, addedAt, since } = kept
  const { secret, providerSecret } = openSealed(read, kept, masterKeys)
  const values = [secret, providerSecret].flatMap((each) => (each === undefined ? [] : [new HeldValue(each, searches, undefined, addedAt)]))
  const use = useOf(values)
  const isCounted = read.key.rotation !== undefined
  return { role, leaked, secret, providerSecret, values, use: isCounted ? counts.counting(read.alias, since, use) : use, asideUntil: 0 }
}
