import type { Revocation } from '@postern/ports'

/** How often the store is read for them, in milliseconds, and how often at most after the last one was added. */
const lookMs = 1000
const mostLooks = 120

/** The most that are remembered; the oldest are forgotten first. */
const mostRemembered = 100

/** Revocations that the store was asked for and did not answer: it may carry them out later. */
export class UnsettledRevocations {
  readonly #open = new Map<Revocation, () => void>()
  readonly #readStore: () => Promise<void>
  #looksLeft = 0
  #timer: NodeJS.Timeout | undefined

  /** @param readStore Reads the store, and calls {@link found}. */
  constructor(readStore: () => Promise<void>) {
    this.#readStore = readStore
  }

  /** @param seen Called once, when the revocation is found in the store. */
  add(revocation: Revocation, seen: () => void): void {
    const [oldest] = this.#open.keys()
    if (oldest !== undefined && this.#open.size >= mostRemembered) this.#open.delete(oldest)
    this.#open.set(revocation, seen)
    this.#looksLeft = mostLooks
    this.#timer ??= setInterval(() => void this.#look(), lookMs).unref()
  }

  /** Call with what was read from the store. */
  found(revocations: readonly Revocation[]): void {
    if (this.#open.size === 0 || revocations.length === 0) return
    for (const [asked, seen] of this.#open) {
      if (!revocations.some((found) => isSame(found, asked))) continue
      this.#open.delete(asked)
      seen()
    }
  }

  async #look(): Promise<void> {
    this.#looksLeft -= 1
    if (this.#open.size > 0 && this.#looksLeft >= 0) {
      await this.#readStore().catch(() => {})
      return
    }
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function isSame(one: Revocation, other: Revocation): boolean {
  return one.kind === other.kind && one.name === other.name && one.at === other.at && one.until === other.until
}
