import {
  bindingIdentity,
  describeBinding,
  FollowedCopy,
  type KeptBinding,
  type KeyRing,
  mostSpecificFirst,
  type PrincipalFields,
  reachStore,
  Refusal,
} from '@postern/ports'
import type { Searches } from '../keys/held-value.js'
import { HeldKey } from './held-key.js'
import { BrokenSeal, type MasterKeys } from './master-keys.js'
import { checkBinding, maxRowBytes, principalsOf, readKey } from './ring-key.js'

/** How many bindings and keys are held at most. The one that was loaded first goes first. */
const maxBindings = 200_000
const maxKeys = 20_000

/** What the ring says of a principal. */
export interface FoundKey {
  /** The binding in words: `team acme (ring)`. */
  readonly title: string
  /** How specific the binding is: its place in `mostSpecificFirst`. */
  readonly rank: number
  /** `undefined`: the binding leads to a key that is not there, or that is not what Postern wrote. */
  readonly held: HeldKey | undefined
}

export interface RingCopyOptions {
  readonly ring: KeyRing
  readonly masterKeys: MasterKeys
  /** Searches for the secrets of a key. */
  readonly searchesOf: (alias: string) => Searches
  /** Is told of a row that Postern did not write. */
  readonly broken: (what: string, error: BrokenSeal) => void
}

/** A binding that is asked for. */
interface Candidate {
  readonly selector: string
  readonly rank: number
  readonly title: string
}

/**
 * What this process knows of the ring: bindings and keys that were asked for. `FollowedCopy` renews it while requests come: a lookup of what
 * is known costs no I/O, and a change is known within a second.
 */
export class RingCopy {
  readonly #options: RingCopyOptions
  /** `null`: nobody is bound by this selector. */
  readonly #bindings = new Map<string, { readonly alias: string | undefined } | null>()
  /** `null`: there is no such key, or its row is broken. */
  readonly #keys = new Map<string, HeldKey | null>()
  /** The candidates of a principal object; they go with the object. */
  readonly #candidates = new WeakMap<PrincipalFields, readonly Candidate[]>()
  readonly #followed = new FollowedCopy(() => this.#follow(), 'its key ring')
  #mark: string | undefined

  constructor(options: RingCopyOptions) {
    this.#options = options
  }

  /** Settles when {@link RingCopy.find} knows the answer; `undefined`: it does now. @throws {Refusal} 503 `store_unavailable`, by rejecting. */
  pending(principal: PrincipalFields): Promise<void> | undefined {
    const freshened = this.#followed.freshened()
    if (freshened !== undefined) return freshened.then(() => this.#load(principal))
    return this.#isKnown(principal) ? undefined : this.#load(principal)
  }

  /** The most specific binding of a principal; `undefined`: the ring has none. Call it once `pending` has settled. */
  find(principal: PrincipalFields): FoundKey | undefined {
    for (const { selector, title, rank } of this.#candidatesOf(principal)) {
      const found = this.#bindings.get(selector)
      if (found === undefined)
        throw new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: 'The ring was not asked for this caller.' })
      if (found !== null) return { title, rank, held: found.alias === undefined ? undefined : (this.#keys.get(found.alias) ?? undefined) }
    }
    return undefined
  }

  /** Lets go of every secret. */
  close(): void {
    for (const held of this.#keys.values()) held?.letGo()
    this.#keys.clear()
    this.#bindings.clear()
  }

  #isKnown(principal: PrincipalFields): boolean {
    for (const { selector } of this.#candidatesOf(principal)) {
      const found = this.#bindings.get(selector)
      if (found === undefined) return false
      if (found !== null) return found.alias === undefined || this.#keys.has(found.alias)
    }
    return true
  }

  #candidatesOf(principal: PrincipalFields): readonly Candidate[] {
    let candidates = this.#candidates.get(principal)
    if (candidates === undefined) this.#candidates.set(principal, (candidates = candidatesOf(principal)))
    return candidates
  }

  async #load(principal: PrincipalFields): Promise<void> {
    const { ring } = this.#options
    const unknown = this.#candidatesOf(principal).filter(({ selector }) => !this.#bindings.has(selector))
    if (unknown.length > 0) {
      const selectors = unknown.map(({ selector }) => selector)
      const mark = this.#mark
      const found = await reachStore(ring.bindings(selectors))
      // If a change was read meanwhile, this answer may be older than the change: it is not kept, and is loaded again.
      if (mark === this.#mark)
        for (const selector of selectors)
          this.#takeBinding(
            selector,
            found.find((each) => each.selector === selector),
          )
    }
    for (const { selector } of this.#candidatesOf(principal)) {
      const alias = this.#bindings.get(selector)?.alias
      if (alias === undefined) continue
      if (!this.#keys.has(alias)) await this.#loadKey(alias)
      break
    }
    if (this.#isKnown(principal)) return
    await this.#followed.freshened()
    return this.#load(principal)
  }

  async #loadKey(alias: string): Promise<void> {
    const mark = this.#mark
    const kept = await reachStore(this.#options.ring.key(alias))
    if (mark !== this.#mark) return
    const { masterKeys, searchesOf, broken } = this.#options
    // The key is not a former one: its secrets are searched for again as soon as a call needs it.
    makeRoom(this.#keys, maxKeys, (held) => held?.letGo(0))
    try {
      // A row has no more characters than bytes. To open a longer one could hold up the calls of everybody.
      if (kept !== undefined && kept.row.length > maxRowBytes) throw new BrokenSeal(`The row has more than ${maxRowBytes} bytes.`)
      this.#keys.set(alias, kept === undefined ? null : new HeldKey(readKey(kept, masterKeys), masterKeys, searchesOf(alias)))
    } catch (error) {
      if (!(error instanceof BrokenSeal)) throw error
      broken(`the key "${alias}"`, error)
      this.#keys.set(alias, null)
    }
  }

  #takeBinding(selector: string, found: KeptBinding | undefined): void {
    makeRoom(this.#bindings, maxBindings, () => {})
    if (found === undefined) {
      this.#bindings.set(selector, null)
      return
    }
    try {
      checkBinding(found, this.#options.masterKeys)
      this.#bindings.set(selector, { alias: found.alias })
    } catch (error) {
      if (!(error instanceof BrokenSeal)) throw error
      this.#options.broken(`the binding of ${describeBinding(principalsOf(selector))}`, error)
      this.#bindings.set(selector, { alias: undefined })
    }
  }

  async #follow(): Promise<void> {
    const { changed, mark } = await this.#options.ring.changes(this.#mark)
    if (changed === undefined) {
      this.#bindings.clear()
      for (const alias of this.#keys.keys()) this.#forgetKey(alias)
    } else {
      for (const selector of changed.selectors) this.#bindings.delete(selector)
      for (const alias of changed.aliases) this.#forgetKey(alias)
    }
    this.#mark = mark
  }

  #forgetKey(alias: string): void {
    this.#keys.get(alias)?.letGo()
    this.#keys.delete(alias)
  }
}

/** Of the principals that a binding may name, those that this one is: the most specific first. The ring has no default. */
function candidatesOf(principal: PrincipalFields): readonly Candidate[] {
  return mostSpecificFirst.flatMap((shape, rank): readonly Candidate[] => {
    if (shape.length === 0 || shape.some((field) => principal[field] === undefined)) return []
    const binding = Object.fromEntries(shape.map((field) => [field, principal[field]])) as PrincipalFields
    return [{ selector: bindingIdentity(binding), rank, title: `${describeBinding(binding)} (ring)` }]
  })
}

/** Removes the oldest entry of a full map. */
function makeRoom<Value>(map: Map<string, Value>, max: number, letGo: (value: Value) => void): void {
  if (map.size < max) return
  for (const [key, value] of map) {
    map.delete(key)
    letGo(value)
    return
  }
}
