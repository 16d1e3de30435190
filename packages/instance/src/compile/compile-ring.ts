import { type CheckedConfig, masterKeyPath } from '@postern/config'
import { type FindKey, type Gateway, type Rooms, shareLoadedKeys } from '@postern/core'
import { type KeyRing, type LiveSecrets, type Log, type BoundCaller, type Secret, type Uses } from '@postern/ports'
import { closeUnused } from './close-unused.js'
import { MasterKeys } from '../key-ring/master-keys.js'
import { searchesFor, type Searches } from '../keys/held-value.js'
import { RingCopy } from '../key-ring/ring-copy.js'
import { RingLeases } from '../key-ring/ring-leases.js'

/** What the ring of a configuration needs. */
export interface RingNeeds {
  readonly checked: CheckedConfig
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly uses: Uses
  readonly live: LiveSecrets
  /** `undefined`: the store keeps no keys. */
  readonly ring: KeyRing | undefined
  readonly log: Log
}

/** The key ring as the corridor uses it. */
export interface CompiledRing {
  /** Settles when it is known what the ring has for a caller; `undefined`: it is known. */
  pending(caller: BoundCaller): Promise<void> | undefined
  /** The binding of the configuration or of the ring, whichever is more specific; of two alike that of the configuration. */
  beside(ofConfiguration: FindKey): FindKey
}

/** The master keys of a configuration; `undefined` if it has no ring. */
export function masterKeysOf({ config, secrets }: CheckedConfig): MasterKeys | undefined {
  if (config.keyRing === undefined) return undefined
  return new MasterKeys(config.keyRing.masterKeys.map(({ id }, index) => ({ id, secret: secrets.get(masterKeyPath(index)) as Secret })))
}

/** Equal for two configurations with the same master keys. A function of its own: closures that the shared copy keeps must not keep `checked`. */
function fingerprintsOf({ config, secrets }: CheckedConfig): readonly unknown[] {
  return (config.keyRing?.masterKeys ?? []).map(({ id }, index) => [id, secrets.get(masterKeyPath(index))?.fingerprint()])
}

export function compileRing({ checked, gateways, uses, live, ring, log }: RingNeeds): CompiledRing | undefined {
  const masterKeys = masterKeysOf(checked)
  if (masterKeys === undefined || ring === undefined) return undefined
  const loaded = shareLoadedKeys(uses)
  const searchesOf = (alias: string): Searches => searchesFor(alias, loaded, live)
  const broken = (what: string, error: Error): void => log('error', 'key_ring_broken', { what, reason: error.message })
  // What is known of the ring goes on from one configuration to the next.
  const copy = uses.share('key ring', fingerprintsOf(checked), () => new RingCopy({ ring, masterKeys, searchesOf, broken }), closeUnused)
  const leases = new RingLeases(gateways)
  return {
    pending: (principal) => copy.pending(principal),
    beside: (ofConfiguration) => (principal) => {
      const bound = ofConfiguration(principal)
      const found = copy.find(principal)
      if (found === undefined || (bound !== undefined && bound.rank <= found.rank)) return bound
      return { key: leases.of(found, principal), binding: found.title, rank: found.rank }
    },
  }
}

/** Resolves once it is known what the ring has for the caller. */
export function createRingResolve(resolve: Rooms['resolve'], ring: CompiledRing | undefined): Rooms['resolve'] {
  if (ring === undefined) return resolve
  return (arrival, principal) => {
    const pending = ring.pending(principal)
    return pending === undefined ? resolve(arrival, principal) : pending.then(() => resolve(arrival, principal))
  }
}
