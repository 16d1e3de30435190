import type { StreamCourse } from '@postern/ports'

/** Notes when the pieces of a stream come. For each piece it costs a subtraction and a comparison. */
export class HeardStream implements StreamCourse {
  firstAt = 0
  lastAt = 0
  largestGapMs = 0
  pieces = 0

  /** @param now `performance.now()`, when the piece came. */
  heard(now: number): void {
    if (this.pieces === 0) this.firstAt = now
    else {
      const gapMs = now - this.lastAt
      if (gapMs > this.largestGapMs) this.largestGapMs = gapMs
    }
    this.lastAt = now
    this.pieces += 1
  }
}
