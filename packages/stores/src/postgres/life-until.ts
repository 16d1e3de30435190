/** The life of a row that ends at a time, in milliseconds, at least 1. The database adds it to its own clock, which may differ from ours. */
export function lifeUntil(untilMs: number): number {
  const lifeMs = Math.ceil(untilMs - Date.now())
  if (!Number.isSafeInteger(lifeMs)) throw new RangeError('The end of what is remembered is no time.')
  return Math.max(1, lifeMs)
}
