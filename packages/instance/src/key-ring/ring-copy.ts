import {
  beginningOf,
  type BoundCaller,
  describeBinding,
  fieldsOfIdentity,
  FollowedCopy,
  type KeptBinding,
  type KeyRing,
  reachStore,
  Refusal,
} from '@postern/ports'
import { type Candidate, candidatesOf, labelsOf } from './binding-candidates.js'
import type { Searches } from '../keys/held-value.js'
import { HeldKey } from './held-key.js'
import { BrokenSeal, type MasterKeys } from './master-keys.js'
import { checkBinding, maxRowBytes, readKey } from './ring-key.js'
import { UseCounts } from './use-counts.js'

/** How many bindings, keys and labels are held at most. The one that was loaded first goes first. */
const maxBindings = 200_000
const maxKeys = 20_000
const maxLabels = 20_000

/** Of a caller whom no binding can name by a label or a workflow. */
const noLabels: readonly string[] = []

/** What the ring says of a caller. */
export interface FoundKey {
  /** The binding in words: `team=acme (ring)`. */
  readonly title: string
  /** How specific the binding is for the caller: see `rankOf`. */
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
  /** Of a caller's label, or the patterns of its workflow, those that the ring has bindings for. */
  readonly #labels = new Map<string, readonly string[]>()
  /** The candidates of a caller object, and the labels that they were made of; they go with the object. */
  readonly #candidates = new WeakMap<BoundCaller, { readonly labels: readonly string[]; readonly candidates: readonly Candidate[] }>()
  readonly #followed = new FollowedCopy(() => this.#follow(), 'its key ring')
  readonly #counts: UseCounts
  #mark: string | undefined

  constructor(options: RingCopyOptions) {
    this.#options = options
    this.#counts = new UseCounts(options.ring)
  }

  /** Settles when {@link RingCopy.find} knows the answer; `undefined`: it does now. @throws {Refusal} 503 `store_unavailable`, by rejecting. */
  pending(caller: BoundCaller): Promise<void> | undefined {
    const freshened = this.#followed.freshened()
    if (freshened !== undefined) return freshened.then(() => this.#load(caller))
    return this.#isKnown(caller) ? undefined : this.#load(caller)
  }

  /** The most specific binding of a caller; `undefined`: the ring has none. Call it once `pending` has settled. */
  find(caller: BoundCaller): FoundKey | undefined {
    const candidates = this.#candidatesOf(caller)
    if (candidates === undefined) throw notAsked()
    for (const { selector, title, rank } of candidates) {
      const found = this.#bindings.get(selector)
      if (found === undefined) throw notAsked()
      if (found !== null) return { title, rank, held: found.alias === undefined ? undefined : (this.#keys.get(found.alias) ?? undefined) }
    }
    return undefined
  }

  /** Lets go of every secret, and writes what their uses were. */
  close(): Promise<void> {
    for (const held of this.#keys.values()) held?.letGo()
    this.#keys.clear()
    this.#bindings.clear()
    this.#labels.clear()
    return this.#counts.close()
  }

  #isKnown(caller: BoundCaller): boolean {
    const candidates = this.#candidatesOf(caller)
    if (candidates === undefined) return false
    for (const { selector } of candidates) {
      const found = this.#bindings.get(selector)
      if (found === undefined) return false
      if (found !== null) return found.alias === undefined || this.#keys.has(found.alias)
    }
    return true
  }

  /** `undefined`: the ring was not asked yet whether it has bindings for the caller's label or workflow. */
  #candidatesOf(caller: BoundCaller): readonly Candidate[] | undefined {
    const asked = labelsOf(caller)
    const labels = asked === undefined ? noLabels : this.#labels.get(asked.id)
    if (labels === undefined) return undefined
    const known = this.#candidates.get(caller)
    if (known?.labels === labels) return known.candidates
    const candidates = candidatesOf(caller, labels)
    this.#candidates.set(caller, { labels, candidates })
    return candidates
  }

  /** Asks which of a caller's label or patterns the ring has, so that no binding is looked for that cannot be there. */
  async #loadLabels(caller: BoundCaller): Promise<void> {
    const asked = labelsOf(caller)
    if (asked === undefined || this.#labels.has(asked.id)) return
    const { id, names, field } = asked
    const mark = this.#mark
    const found = new Set(await reachStore(this.#options.ring.beginningsOf(names.map((name) => beginningOf(field, name)))))
    if (mark !== this.#mark) return
    makeRoom(this.#labels, maxLabels, () => {})
    this.#labels.set(
      id,
      names.filter((name) => found.has(beginningOf(field, name))),
    )
  }

  async #load(caller: BoundCaller): Promise<void> {
    const { ring } = this.#options
    await this.#loadLabels(caller)
    const candidates = this.#candidatesOf(caller) ?? []
    const unknown = candidates.filter(({ selector }) => !this.#bindings.has(selector))
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
    for (const { selector } of candidates) {
      const alias = this.#bindings.get(selector)?.alias
      if (alias === undefined) continue
      if (!this.#keys.has(alias)) await this.#loadKey(alias)
      break
    }
    if (this.#isKnown(caller)) return
    await this.#followed.freshened()
    return this.#load(caller)
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
      this.#keys.set(alias, kept === undefined ? null : new HeldKey(readKey(kept, masterKeys), masterKeys, searchesOf(alias), this.#counts))
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
      this.#options.broken(`the binding of ${describeBinding(fieldsOfIdentity(selector))}`, error)
      this.#bindings.set(selector, { alias: undefined })
    }
  }

  async #follow(): Promise<void> {
    const { changed, mark } = await this.#options.ring.changes(this.#mark)
    if (changed === undefined) {
      this.#bindings.clear()
      this.#labels.clear()
      for (const alias of this.#keys.keys()) this.#forgetKey(alias)
    } else {
      if (changed.selectors.some(namesLabel)) this.#labels.clear()
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

function notAsked(): Refusal {
  return new Refusal('store_unavailable', { retryAfterSeconds: 1, cause: 'The ring was not asked for this caller.' })
}

/** Whether a binding names a service label or a workflow. */
function namesLabel(selector: string): boolean {
  const { service, workflow } = fieldsOfIdentity(selector)
  return service !== undefined || workflow !== undefined
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
