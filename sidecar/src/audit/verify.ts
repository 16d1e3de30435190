import { digestOf, digestOfTorn, looksTorn, readLine, splitLines } from './line.js'

/** What a look at a whole audit found. */
export interface Verdict {
  /** How many lines fit, torn ones included. */
  readonly lines: number
  /** The SHA-256 of the last whole line; `null` without any. */
  readonly last: string | null
  /** The numbers of lines that a process did not write to their end. */
  readonly torn: readonly number[]
  /** The first line that does not fit the ones before it. */
  readonly fault?: { readonly line: number; readonly reason: string }
}

/**
 * Checks that every line carries the digest of the one before. A line that a process did not write to its end is no fault, if it
 * is the last one or the line behind it says that it was found.
 */
export function verifyAudit(bytes: Buffer): Verdict {
  const pieces = splitLines(bytes)
  const isEnded = pieces.at(-1)?.length === 0
  const lines = isEnded ? pieces.slice(0, -1) : pieces
  let last: string | null = null
  const torn: number[] = []
  let unread: Buffer[] = []
  for (const [index, line] of lines.entries()) {
    const number = index + 1
    const read = readLine(line)
    if (read === undefined) {
      if (!looksTorn(line)) return { lines: number - 1, last, torn, fault: { line: number, reason: notWhole } }
      unread.push(line)
      continue
    }
    const firstUnread = number - unread.length
    const fault = (at: number, reason: string): Verdict => ({ lines: at - 1, last, torn, fault: { line: at, reason } })
    if (unread.length > 0) {
      if (read.what !== 'torn_line' || read['torn'] !== digestOfTorn(unread)) return fault(firstUnread, notWhole)
      torn.push(...unread.map((_, place) => firstUnread + place))
      unread = []
    }
    if (read.before !== last) return fault(number, last === null ? notFirst : notNext)
    last = digestOf(line)
  }
  // Only what has no line break yet can still be under way, or be the end of a process.
  if (unread.length > 0) {
    const first = lines.length - unread.length + 1
    if (isEnded) return { lines: first - 1, last, torn, fault: { line: first, reason: notWhole } }
    torn.push(...unread.map((_, place) => first + place))
  }
  return { lines: lines.length, last, torn }
}

const notWhole = 'It is no line of an audit, and no line behind it says that a process ended while writing it.'
const notFirst = 'It names a line before it, and there is none: lines at the beginning are missing.'
const notNext = 'It does not carry the digest of the line before: a line was changed, added or removed here.'
