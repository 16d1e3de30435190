import { createHash } from 'node:crypto'
import type { Settings, Uses } from '@postern/ports'

interface Entry {
  readonly thing: unknown
  readonly close: () => void | Promise<void>
  uses: number
}

/**
 * Things that outlive a configuration: connections, queues, caches, keys. Runtimes that need a thing with the same settings
 * use one, and it is closed when the last of them has released it.
 */
export class UsagePool {
  /** Every open thing that a new runtime may use. */
  readonly #open = new Map<string, Entry>()
  #current: OpenUses | undefined

  /** Makes the uses of a new runtime, which has none yet. Call `release` at its end. */
  begin(): OpenUses {
    return new OpenUses(this.#open, this.#current)
  }

  /** Says whose uses the next runtime may {@link Uses.inherit}: those of the runtime that serves new requests now. */
  succeed(uses: OpenUses): void {
    this.#current = uses
  }
}

/** The things that one runtime uses. */
export class OpenUses implements Uses {
  readonly #open: Map<string, Entry>
  #before: OpenUses | undefined
  readonly #used = new Map<string, Entry>()
  readonly #ends: (() => void)[] = []

  /** @param before Those of the runtime that this one replaces. */
  constructor(open: Map<string, Entry>, before: OpenUses | undefined) {
    this.#open = open
    this.#before = before
  }

  share<Thing>(kind: string, settings: Settings, open: () => Thing, close: (thing: Thing) => void | Promise<void> = () => {}): Thing {
    const key = keyOf(kind, settings)
    let entry = this.#open.get(key)
    if (entry === undefined) this.#open.set(key, (entry = entryOf(open, close)))
    return this.#use(key, entry) as Thing
  }

  inherit<Thing>(kind: string, settings: Settings, open: () => Thing, close: (thing: Thing) => void | Promise<void> = () => {}): Thing {
    const key = keyOf(kind, settings)
    const before = this.#before
    const known = this.#used.get(key) ?? (before === undefined ? undefined : before.#used.get(key))
    return this.#use(key, known ?? entryOf(open, close)) as Thing
  }

  until(end: () => void): void {
    this.#ends.push(end)
  }

  /** Call when the runtime is complete: it takes over nothing more. */
  complete(): void {
    this.#before = undefined
  }

  #use(key: string, entry: Entry): unknown {
    if (!this.#used.has(key)) {
      this.#used.set(key, entry)
      entry.uses += 1
    }
    return entry.thing
  }

  /** Ends these uses. Resolves once everything that no other runtime uses is closed; rejects with the first error of a close. */
  async release(): Promise<void> {
    for (const end of this.#ends.splice(0)) end()
    const unused: Entry[] = []
    for (const [key, entry] of this.#used) {
      entry.uses -= 1
      if (entry.uses > 0) continue
      if (this.#open.get(key) === entry) this.#open.delete(key)
      unused.push(entry)
    }
    this.#used.clear()
    await Promise.all(unused.map(async (entry) => entry.close()))
  }
}

function entryOf<Thing>(open: () => Thing, close: (thing: Thing) => void | Promise<void>): Entry {
  const thing = open()
  return { thing, close: () => close(thing), uses: 0 }
}

/** A digest: settings may contain secrets, which must not be kept as text. */
function keyOf(kind: string, settings: Settings): string {
  return `${kind} ${createHash('sha256')
    .update(JSON.stringify(settings) ?? '')
    .digest('hex')}`
}
