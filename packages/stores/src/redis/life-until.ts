/** The life of a key that ends at a time, in milliseconds, at least 1: Redis refuses a life of 0. */
export function lifeUntil(untilMs: number): string {
  return String(Math.max(1, Math.ceil(untilMs - Date.now())))
}
