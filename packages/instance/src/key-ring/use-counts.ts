import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyUse } from '@postern/core'
import type { KeyRing, SecretUses } from '@postern/ports'

/** How long uses are gathered before they are written to the store, in milliseconds: what a command shows is at most so old. */
const gatherMs = 500

/** How long the last writing may hold up the end of the process, in milliseconds. */
const lastWriteMs = 1000

/** Counts the uses of secrets in this process, and adds them to the counts that all processes keep in the store. */
export class UseCounts {
  readonly #ring: Pick<KeyRing, 'addUses'>
  #gathered = new Map<string, SecretUses>()
  #timer: NodeJS.Timeout | undefined
  /** Settles when the last writing that was begun is over. Never rejects. */
  #written = Promise.resolve()
  #isClosed = false

  constructor(ring: Pick<KeyRing, 'addUses'>) {
    this.#ring = ring
  }

  /** Counts the calls of one secret. @param use What else is told when they begin and end. */
  counting(alias: string, since: number, use: KeyUse): KeyUse {
    return {
      begin: () => {
        use.begin()
        this.#note(alias, since, 1)
      },
      end: () => {
        use.end()
        this.#note(alias, since, 0)
      },
    }
  }

  /** Writes what was gathered, as far as the store takes it within a second. What comes later is not counted. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const over = new AbortController()
    await Promise.race([this.#write(), sleep(lastWriteMs, undefined, { signal: over.signal }).catch(() => {})])
    over.abort()
  }

  #note(alias: string, since: number, calls: number): void {
    const now = Date.now()
    this.#gather({ alias, since, calls, firstAt: now, lastAt: now })
    this.#writeSoon()
  }

  #gather({ alias, since, calls, firstAt, lastAt }: SecretUses): void {
    const name = `${since} ${alias}`
    const other = this.#gathered.get(name) ?? { calls: 0, firstAt, lastAt }
    this.#gathered.set(name, {
      alias,
      since,
      calls: other.calls + calls,
      firstAt: Math.min(other.firstAt, firstAt),
      lastAt: Math.max(other.lastAt, lastAt),
    })
  }

  #writeSoon(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#write()
    }, gatherMs).unref()
  }

  /** Writes what was gathered, once the writing before is over. */
  #write(): Promise<void> {
    return (this.#written = this.#written.then(() => this.#writeGathered()))
  }

  /** While the store is away, uses stay in memory: one entry for each secret, however many calls there are. */
  async #writeGathered(): Promise<void> {
    const written = [...this.#gathered.values()]
    if (written.length === 0) return
    this.#gathered = new Map()
    try {
      await this.#ring.addUses(written)
    } catch {
      for (const each of written) this.#gather(each)
      this.#writeSoon()
    }
  }
}
