import { setTimeout as sleep } from 'node:timers/promises'
import type { KeySourceBack, KeySourceLost, KeyChanged } from '@postern/ports'
import { describeFailure } from './describe-failure.js'
import type { HeldValue } from './held-value.js'
import { type SecretSource, SourceFailure } from './secret-source.js'
import type { Turns } from './turns.js'
import type { ValueCell } from './value-cell.js'

/** The longest that one question to a source may take, in milliseconds. */
export const maxReadMs = 10_000

/** The least time from an answer of a source to the next question, in milliseconds, whatever the source says and however many calls wait. */
export const leastPauseMs = 800

/** The pauses between questions to a source that fails, in milliseconds: each twice as long as the one before, up to the longest. */
const firstPauseMs = 1000
const longestPauseMs = 30_000

/** A gateway that refuses a key has its source asked at most once in this time, in milliseconds. */
const suspicionMs = 5000

/** `keySources` of the configuration, in milliseconds. */
export interface SourceTimes {
  readonly poll: number
  readonly cache: number
  readonly stale: number
}

/** What a source of a key is doing wrong. */
export interface SourceTrouble {
  /** ISO 8601: since when it is known. */
  readonly since: string
  readonly reason: string
}

/** A source, and who hears of what it does. */
export interface FollowOptions {
  /** The key's alias, for events. */
  readonly alias: string
  readonly source: SecretSource
  readonly cell: ValueCell
  readonly times: SourceTimes
  readonly turns: Turns
  readonly tell: (event: KeyChanged | KeySourceLost | KeySourceBack) => void
}

/** Asks a source again and again, one question at a time, and keeps what it says in its cell. */
export class FollowedValue {
  readonly #options: FollowOptions
  readonly #closing = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> | undefined
  #pausing: Promise<void> | undefined
  #failures = 0
  #lostAt = 0
  #trouble: SourceTrouble | undefined
  /** Whether the trouble was told with calls refused. */
  #isUnavailable = false
  #readAt = -Infinity
  #againAt = 0

  constructor(options: FollowOptions) {
    this.#options = options
    this.#askIn(0)
  }

  get kind(): SecretSource['kind'] {
    return this.#options.source.kind
  }

  get current(): HeldValue | undefined {
    return this.#options.cell.current
  }

  get former(): ValueCell['former'] {
    return this.#options.cell.former
  }

  /** What the source does wrong; `undefined`: nothing that is known. */
  get trouble(): SourceTrouble | undefined {
    return this.#trouble
  }

  /** In how many seconds the source is asked again, at least 1. */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil((this.#againAt - performance.now()) / 1000))
  }

  /**
   * For a call without a value: asks the source, or joins the question that is under way; if the source has just answered, once the least
   * pause is over. `undefined` if the source is failing or closed, so that it would not help to wait.
   */
  askForFirst(): Promise<void> | undefined {
    if (this.#failures > 0 || this.#closing.signal.aborted) return undefined
    if (this.#reading !== undefined || this.#leftOfPauseMs <= 0) return this.read()
    return (this.#pausing ??= this.#readAfterPause().finally(() => {
      this.#pausing = undefined
    }))
  }

  /** Asks the source, or joins the question that is under way. Never rejects: see {@link trouble}. */
  read(): Promise<void> {
    return (this.#reading ??= this.#ask().finally(() => {
      this.#reading = undefined
    }))
  }

  /** A gateway has refused the value: the source may have another one already. */
  suspect(): void {
    if (performance.now() - this.#readAt > suspicionMs && this.#failures === 0) void this.read()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#closing.abort()
  }

  get #leftOfPauseMs(): number {
    return this.#readAt + leastPauseMs - performance.now()
  }

  async #readAfterPause(): Promise<void> {
    await sleep(this.#leftOfPauseMs, undefined, { ref: false, signal: this.#closing.signal }).catch(() => {})
    // The timer may have asked at the same moment.
    if (this.#reading !== undefined || this.#leftOfPauseMs <= 1) await this.read()
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer)
    const { alias, source, cell, times, turns, tell } = this.#options
    try {
      let since = 0
      const value = await turns.run(() => {
        since = performance.now()
        return withDeadline(this.#closing.signal, (signal) => source.read(signal))
      })
      if (this.#closing.signal.aborted) return
      this.#readAt = performance.now()
      if (cell.take(value, times.cache + times.stale, since)) tell({ type: 'key_changed', key: alias, source: source.kind })
      if (this.#trouble !== undefined) {
        this.#trouble = undefined
        tell({ type: 'key_source_back', key: alias, source: source.kind, afterMs: Math.round(this.#readAt - this.#lostAt) })
      }
      this.#failures = 0
      // Spread over the last tenth of `poll`, so that many sources are not all asked at once.
      this.#askIn(Math.min(value.againMs ?? Infinity, times.poll * (0.9 + Math.random() / 10)))
    } catch (error) {
      if (this.#closing.signal.aborted) return
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    const { alias, source, cell, times, tell } = this.#options
    this.#readAt = performance.now()
    if (error instanceof SourceFailure && error.isGone) cell.drop()
    const reason = describeFailure(error)
    if (this.#trouble === undefined) this.#lostAt = this.#readAt
    const unavailable = cell.current === undefined
    if (this.#trouble === undefined || (unavailable && !this.#isUnavailable))
      tell({ type: 'key_source_lost', key: alias, source: source.kind, reason, unavailable })
    this.#isUnavailable = unavailable
    this.#trouble = { since: this.#trouble?.since ?? new Date().toISOString(), reason }
    const pauseMs = Math.min(times.poll, longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
    this.#askIn(pauseMs * (0.8 + Math.random() / 5))
  }

  #askIn(ms: number): void {
    const pauseMs = Math.max(ms, this.#leftOfPauseMs)
    this.#againAt = performance.now() + pauseMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.read(), pauseMs).unref()
  }
}

/** Does work that ends with the deadline of a question, or with `closing`, even if the work itself does not heed its signal. */
async function withDeadline<Result>(closing: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController()
  const end = (): void => controller.abort(new DOMException('The time is over.', 'TimeoutError'))
  const timer = setTimeout(end, maxReadMs)
  closing.addEventListener('abort', end)
  try {
    return await new Promise<Result>((resolve, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error))
      if (closing.aborted) end()
      else work(controller.signal).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    closing.removeEventListener('abort', end)
  }
}
