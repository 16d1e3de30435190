import type { KeyObject } from 'node:crypto'
import type { KeyLease } from '../resolve/route.js'
import { type Sealing, sealingKeyOf } from './sealing.js'

/** The keys that ids are sealed with, each derived from a gateway key when it is first used: most of many keys are not used in a while. */
export class SealingKeys {
  readonly #leases: Iterable<KeyLease>
  readonly #derived = new WeakMap<Sealing, KeyObject>()

  /** @param leases Every key of the configuration. */
  constructor(leases: Iterable<KeyLease>) {
    this.#leases = leases
  }

  /** The key that new ids are sealed with. */
  of({ secret, sealing }: KeyLease): KeyObject {
    return this.#keyOf(sealing?.[0] ?? secret)
  }

  /**
   * Keys with which an id may have been sealed that a caller of `lease` names: first that of `lease`, then those of the other keys of
   * its gateway. So a gateway key can be replaced as long as both are in the configuration.
   */
  *accepted(lease: KeyLease): Iterable<KeyObject> {
    yield* this.#all(lease)
    for (const other of this.#leases) if (other !== lease && other.gateway === lease.gateway) yield* this.#all(other)
  }

  *#all({ secret, sealing = [secret] }: KeyLease): Iterable<KeyObject> {
    for (const each of sealing) yield this.#keyOf(each)
  }

  #keyOf(secret: Sealing): KeyObject {
    let key = this.#derived.get(secret)
    if (key === undefined) this.#derived.set(secret, (key = sealingKeyOf(secret)))
    return key
  }
}
