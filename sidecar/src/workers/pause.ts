/** A worker that served for so long has not failed over and over, in milliseconds. */
const longMs = 10_000

/** The first pause, and the longest one, in milliseconds. */
const firstPauseMs = 500
const longestPauseMs = 30_000

/**
 * How long to wait before the next worker of a place: not at all after one that served for a while, and twice as long each time after those
 * that did not.
 *
 * @param failuresBefore How many workers of this place ended one after the other before this one, none of which served for long.
 * @param servedMs How long this one served.
 */
export function pauseAfter(failuresBefore: number, servedMs: number): { readonly failures: number; readonly pauseMs: number } {
  const failures = servedMs >= longMs ? 1 : failuresBefore + 1
  return { failures, pauseMs: failures === 1 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 2)) }
}
