const dayMs = 86_400_000

/** How long before the end of a key its operator is told, in milliseconds. */
const noticeMs = 14 * dayMs

/** When a key should be replaced, in milliseconds since 1970. */
export interface KeyDates {
  readonly expires?: number | undefined
  /** How old the key may become, in milliseconds. */
  readonly rotateAfter?: number | undefined
  /** When the key was made; `undefined` if neither the configuration nor the source tells. */
  readonly madeAt?: number | undefined
}

/** What its operator should know of a key's dates, as the end of a sentence about the key; `undefined`: nothing yet. */
export function noticeOfDates({ expires, rotateAfter, madeAt }: KeyDates, nowMs: number): string | undefined {
  if (expires !== undefined && expires - nowMs <= noticeMs) return `${expires <= nowMs ? 'expired' : 'expires'} on ${day(expires)}.`
  const due = rotateAfter === undefined || madeAt === undefined ? undefined : madeAt + rotateAfter
  if (due === undefined || due - nowMs > noticeMs) return undefined
  return `${due <= nowMs ? 'should have been' : 'should be'} replaced by ${day(due)}: it is ${days(nowMs - (madeAt as number))} old.`
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function days(ms: number): string {
  const count = Math.max(0, Math.floor(ms / dayMs))
  return count === 1 ? 'a day' : `${count} days`
}
