import { createHash } from 'node:crypto'

/** What a thing is opened with, as plain data; two things with equal settings are the same thing. May contain revealed secrets. */
export type Settings = unknown

interface Entry {
  readonly thing: unknown
  readonly close: () => void | Promise<void>
  uses: number
}

/**
 * Things that outlive a configuration: connections, queues, caches, keys. Runtimes that need a thing with the same settings
 * share one, and it is closed when the last of them has released it.
 */
export class UsagePool {
  readonly #entries = new Map<string, Entry>()

  /** Starts the uses of one runtime. */
  begin(): Uses {
    return new Uses(this.#entries)
  }

  /** How many things are open, for tests and metrics. */
  get size(): number {
    return this.#entries.size
  }
}

/** The things that one runtime uses. */
export class Uses {
  readonly #entries: Map<string, Entry>
  readonly #used = new Set<string>()

  constructor(entries: Map<string, Entry>) {
    this.#entries = entries
  }

  /**
   * Returns the thing of this kind with these settings, and opens it if no runtime uses it yet.
   *
   * @param kind What kind of thing, such as `upstream`. Each kind has one type.
   * @param close Closes it after its last use.
   */
  share<Thing>(kind: string, settings: Settings, open: () => Thing, close: (thing: Thing) => void | Promise<void> = () => {}): Thing {
    const key = keyOf(kind, settings)
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      const thing = open()
      entry = { thing, close: () => close(thing), uses: 0 }
      this.#entries.set(key, entry)
    }
    if (!this.#used.has(key)) {
      this.#used.add(key)
      entry.uses += 1
    }
    return entry.thing as Thing
  }

  /** Ends these uses. Resolves once everything that nobody uses any more is closed. */
  async release(): Promise<void> {
    const unused: Entry[] = []
    for (const key of this.#used) {
      const entry = this.#entries.get(key) as Entry
      entry.uses -= 1
      if (entry.uses > 0) continue
      this.#entries.delete(key)
      unused.push(entry)
    }
    this.#used.clear()
    await Promise.all(unused.map(async (entry) => entry.close()))
  }
}

/** A digest: settings may contain secrets, which must not be kept as text. */
function keyOf(kind: string, settings: Settings): string {
  return `${kind} ${createHash('sha256')
    .update(JSON.stringify(settings) ?? '')
    .digest('hex')}`
}
