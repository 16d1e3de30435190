import type { HeldJob, HeldOutcome } from './job.js'
import { quantile } from './statistics.js'
import { clockMs, latenciesOf } from './timed-event.js'

/** Takes the pieces of all streams that are held, and says how late their events came. */
export class HeldLoad {
  #late: number[] = []
  #pieces = 0
  /** Events of each stream, by its number. */
  readonly #events: number[]
  #isMeasuring = false

  constructor({ streams }: HeldJob) {
    this.#events = Array.from({ length: streams }, () => 0)
  }

  /** From now on events count. */
  begin(): void {
    this.#isMeasuring = true
  }

  take(stream: number, piece: Buffer): void {
    if (!this.#isMeasuring) return
    const times = latenciesOf(piece, clockMs())
    this.#pieces += 1
    this.#events[stream] = (this.#events[stream] ?? 0) + times.length
    for (const time of times) this.#late.push(time)
  }

  outcome(): Omit<HeldOutcome, 'errors' | 'open'> {
    const [p50 = 0, p99 = 0, max = 0] = [0.5, 0.99, 1].map((share) => quantile(this.#late, share))
    return {
      events: this.#late.length,
      pieces: this.#pieces,
      fewestOfAStream: this.#events.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY),
      late: { p50, p99, max },
    }
  }
}
