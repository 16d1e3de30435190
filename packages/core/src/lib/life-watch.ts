/** How long nothing may be heard before the other side is asked, in milliseconds. Doubled after each answer, up to a minute. */
const silenceMs = 1000
const longestPauseMs = 60_000

/** How long the other side may take for a sign of life, in milliseconds. */
const patienceMs = 1500

/** How often a side that is lost is asked again, in milliseconds. */
const againMs = 1000

/** Whom a {@link LifeWatch} watches, and whom it tells. */
export interface LifeWatchOptions {
  /** Asks for a sign of life. Rejects if there is none before the signal is aborted. */
  readonly ask: (signal: AbortSignal) => Promise<unknown>
  readonly lost: (reason: string) => void
  /** @param afterMs For how long it was lost. */
  readonly back: (afterMs: number) => void
  /** `false`: it is not asked because it is silent, only because something failed. Default `true`. */
  readonly asksWhenSilent?: boolean | undefined
}

/**
 * Notices within three seconds that what requests wait for does not answer any more, and within three seconds that it answers again. As
 * long as it answers requests, it is not asked anything. It is asked if requests wait and nothing was heard for a second, after a request
 * failed, and each second while it is lost.
 */
export class LifeWatch {
  readonly #options: LifeWatchOptions
  /** Requests that have not ended. */
  #open = 0
  /** Whether a request waits since the last that was heard. */
  #isSilent = false
  #pauseMs = silenceMs
  #dueAt = 0
  #lostAt: number | undefined
  /** Whether something was heard since the question that is open was asked. */
  #hasHeard = false
  #askedAt = -Infinity
  #isAsking = false
  #isDoubted = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: LifeWatchOptions) {
    this.#options = options
  }

  /** A request is sent. */
  asked(): void {
    this.#open += 1
    if (this.#isSilent || this.#options.asksWhenSilent === false) return
    this.#isSilent = true
    this.#pauseMs = silenceMs
    this.#dueAt = performance.now() + silenceMs
    this.#arm(silenceMs)
  }

  /** A request has ended, also if nothing was heard. */
  over(): void {
    this.#open -= 1
    if (this.#open <= 0) this.#isSilent = false
  }

  /** An answer began. */
  heard(): void {
    this.#isSilent = false
    this.#hasHeard = true
    if (this.#lostAt !== undefined) this.#tellBack(this.#lostAt)
  }

  /** A request failed in a way that may be its own: whether the other side is lost is found out at once, though not twice in a second. */
  doubt(): void {
    if (this.#lostAt !== undefined) return
    const restMs = this.#askedAt + againMs - performance.now()
    if (restMs <= 0) {
      void this.#ask()
      return
    }
    this.#isDoubted = true
    this.#arm(restMs)
  }

  /** It is lost. @param isAsked Whether it is asked until it answers again; otherwise only {@link heard} says so. Default `true`. */
  failed(reason: string, isAsked = true): void {
    this.#tellLost(reason)
    if (isAsked) this.#arm(againMs)
  }

  /**
   * Ends the watch: no question is sent from now on. If the other side was lost, `back` is called, so that no metric and no readiness
   * goes on to call a side lost that this process no longer uses.
   */
  close(): void {
    this.heard()
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #arm(ms: number): void {
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#look(), ms).unref()
  }

  #look(): void {
    this.#timer = undefined
    if (this.#lostAt !== undefined || this.#isDoubted) {
      void this.#ask()
      return
    }
    if (!this.#isSilent) return
    const restMs = this.#dueAt - performance.now()
    if (restMs > 0) this.#arm(restMs)
    else void this.#ask()
  }

  async #ask(): Promise<void> {
    if (this.#isAsking || this.#isClosed) return
    this.#isAsking = true
    this.#hasHeard = false
    this.#isDoubted = false
    this.#askedAt = performance.now()
    const signal = AbortSignal.timeout(patienceMs)
    try {
      await this.#options.ask(signal)
      this.#answered()
    } catch (error) {
      if (!this.#hasHeard && !this.#isClosed) this.failed(signal.aborted ? `It did not answer within ${patienceMs} ms.` : reasonOf(error))
    }
    this.#isAsking = false
  }

  #answered(): void {
    if (this.#lostAt !== undefined) this.#tellBack(this.#lostAt)
    if (!this.#isSilent) return
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
    this.#dueAt = performance.now() + this.#pauseMs
    this.#arm(this.#pauseMs)
  }

  #tellLost(reason: string): void {
    if (this.#lostAt !== undefined) return
    this.#lostAt = performance.now()
    this.#options.lost(reason)
  }

  #tellBack(lostAt: number): void {
    this.#lostAt = undefined
    this.#options.back(Math.round(performance.now() - lostAt))
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
