import { randomBytes } from 'node:crypto'
import type { CheckedConfig } from '@postern/config'
import { createResolve, type FindKey, type Gateway, type KeyLease, type Rooms } from '@postern/core'
import { Secret, secretsOfKeys } from '@postern/ports'
import type { KeySources } from '../keys/key-sources.js'
import type { CompiledRing } from './compile-ring.js'

/** How long a call waits for the first value of its key, in milliseconds. */
const longestWaitMs = 10_000

/** The leases of a configuration's keys. Each is made when it is asked for: most of many keys are not used in a while. */
export class Leases {
  readonly #checked: CheckedConfig
  readonly #gateways: ReadonlyMap<string, Gateway>
  readonly #made = new Map<string, KeyLease & { mayStore: boolean }>()
  readonly #twins = new Set<string>()

  constructor(checked: CheckedConfig, gateways: ReadonlyMap<string, Gateway>) {
    this.#checked = checked
    this.#gateways = gateways
  }

  /** The lease of a key. Of one that comes from a source, what is known without the source: its secret is a text that opens nothing. */
  of(alias: string): KeyLease {
    let lease = this.#made.get(alias)
    if (lease === undefined) this.#made.set(alias, (lease = this.#make(alias)))
    return lease
  }

  /** Nothing may be stored under the key: another one has the same secret. */
  markTwin(alias: string): void {
    this.#twins.add(alias)
    const lease = this.#made.get(alias)
    if (lease !== undefined) lease.mayStore &&= this.#mayStore(alias)
  }

  /** Every key whose secret is known now. */
  *known(sources: KeySources): Iterable<KeyLease> {
    for (const alias of Object.keys(this.#checked.config.keys)) {
      const sourced = sources.get(alias)
      const lease = sourced === undefined ? this.of(alias) : sourced.lease
      if (lease !== undefined) yield lease
    }
  }

  #mayStore(alias: string): boolean {
    const { config, tenants } = this.#checked
    return config.keys[alias]?.shared === true || (tenants.get(alias)?.several === false && !this.#twins.has(alias))
  }

  #make(alias: string): KeyLease & { mayStore: boolean } {
    const { config, secrets } = this.#checked
    const settings = config.keys[alias] as CheckedConfig['config']['keys'][string]
    return {
      alias,
      gateway: this.#gateways.get(settings.gateway) as Gateway,
      secret: secrets.get(`keys.${alias}.secret`) ?? new Secret(randomBytes(32).toString('base64url')),
      providerSecret: secrets.get(`keys.${alias}.providerSecret`),
      project: settings.project,
      currency: settings.currency,
      mayStore: this.#mayStore(alias),
    }
  }
}

/** Resolves with the leases of now: a call whose key has no value yet waits for the first one. */
export function createLeasingResolve(
  findKey: FindKey,
  sources: KeySources,
  openObject: Parameters<typeof createResolve>[1],
  ring: CompiledRing | undefined,
): Rooms['resolve'] {
  if (sources.size === 0) return createResolve(findKey, openObject)
  const findLease: FindKey = (principal) => {
    const bound = findKey(principal)
    const key = bound === undefined ? undefined : sources.get(bound.key.alias)
    return bound === undefined || key === undefined ? bound : { ...bound, key: sources.leaseOf(key) }
  }
  const resolve = createResolve(findLease, openObject)
  return (arrival, principal) => {
    const key = sources.get(findKey(principal)?.key.alias ?? '')
    const pending = key === undefined ? undefined : sources.pending(key)
    return pending === undefined
      ? resolve(arrival, principal)
      : atMost(pending)
          // Meanwhile the ring may have changed.
          .then(() => ring?.pending(principal))
          .then(() => resolve(arrival, principal))
  }
}

async function atMost(pending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((over) => {
    timer = setTimeout(over, longestWaitMs)
  })
  await Promise.race([pending, late])
  clearTimeout(timer)
}

/** Every secret of every key that was read with the configuration, for the search in answers. */
export function secretsOfLeases({
  secrets,
}: Pick<CheckedConfig, 'secrets'>): Iterable<{ readonly alias: string; readonly secret: Secret }> {
  return {
    *[Symbol.iterator]() {
      for (const [alias, secret] of secretsOfKeys(secrets)) yield { alias, secret }
    },
  }
}
