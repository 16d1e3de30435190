const dayMs = 86_400_000
const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs }

/**
 * Reads a time as people write it: `12h` or `30m` before now; `7d` or `2w`, from the midnight on which that day began; `2026-11-01`, its
 * midnight; or a whole time, `2026-11-01T12:00Z`. Days are those of UTC, and so is a time that does not say otherwise.
 *
 * @returns Milliseconds since the epoch; `undefined` if the text is no time.
 */
export function readTime(text: string, nowMs: number): number | undefined {
  const ago = /^(\d{1,5})([mhdw])$/.exec(text)
  if (ago !== null) {
    const [, count = '', unit = ''] = ago
    const at = nowMs - Number(count) * (unitsMs[unit] as number)
    return unit === 'd' || unit === 'w' ? Math.floor(at / dayMs) * dayMs : at
  }
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return undefined
  const isPlain = /T[\d:.]+$/.test(text)
  const ms = Date.parse(isPlain ? `${text}Z` : text)
  // `Date` takes 31 November for 1 December.
  const isDay = Number.isFinite(ms) && new Date(`${text.slice(0, 10)}T00:00Z`).toISOString().startsWith(text.slice(0, 10))
  return isDay ? ms : undefined
}

/** The first midnight in UTC after a time. */
export function nextMidnight(ms: number): number {
  return (Math.floor(ms / dayMs) + 1) * dayMs
}
