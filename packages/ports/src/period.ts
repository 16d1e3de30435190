/** A stretch of time after which a count begins anew, in UTC. A month is one of the calendar. */
export type Period = 'second' | 'minute' | 'hour' | 'day' | 'month'

/** A window of a count, in milliseconds since the epoch. The end does not belong to it. */
export interface PeriodWindow {
  readonly startMs: number
  /** `Infinity` without a period: the one window has no end. */
  readonly endMs: number
}

const lengths = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

/**
 * How long the count of a window is kept after its end, in milliseconds: a clock that was ahead by no more than this and is set back
 * finds the count of the present window again.
 */
export const keptAfterMs: Readonly<Record<Period, number>> = {
  second: lengths.minute,
  minute: lengths.hour,
  hour: lengths.day,
  day: 7 * lengths.day,
  month: 31 * lengths.day,
}

/** The windows that were found last: most calls are in the same ones. */
const latest: Partial<Record<Period, PeriodWindow>> = {}

const endless: PeriodWindow = { startMs: 0, endMs: Infinity }

/** The window in which a moment lies. Without a period there is one, without an end. */
export function windowAt(per: Period | undefined, nowMs: number): PeriodWindow {
  if (per === undefined) return endless
  const found = latest[per]
  if (found !== undefined && found.startMs <= nowMs && nowMs < found.endMs) return found
  return (latest[per] = findWindow(per, nowMs))
}

function findWindow(per: Period, nowMs: number): PeriodWindow {
  if (per === 'month') {
    const now = new Date(nowMs)
    const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
    return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) }
  }
  const length = lengths[per]
  const startMs = Math.floor(nowMs / length) * length
  return { startMs, endMs: startMs + length }
}
