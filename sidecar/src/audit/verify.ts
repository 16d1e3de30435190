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

/** The most torn lines between two whole ones; they are kept until the second says that it found them. */
const maxTornInRow = 1000

/** Looks at an audit line by line, in bounded memory. */
export interface ChainCheck {
  /** Looks at the next line, without its line break. Returns `false` once a line does not fit: further ones are not looked at. */
  line(bytes: Buffer): boolean
  /** @param isEnded Whether there is a line break behind the last line: what has none may still be under way. */
  verdict(isEnded: boolean): Verdict
}

/**
 * Checks that every line carries the digest of the one before. A line that a process did not write to its end is no fault, if it
 * is the last one or the line behind it says that it was found.
 */
export function createChainCheck(): ChainCheck {
  let number = 0
  let last: string | null = null
  const torn: number[] = []
  let unread: Buffer[] = []
  let fault: Verdict['fault']

  const numbersOfUnread = (): readonly number[] => unread.map((_, place) => number - unread.length + 1 + place)

  function look(bytes: Buffer): Verdict['fault'] {
    const read = readLine(bytes)
    if (read === undefined && (!looksTorn(bytes) || unread.length === maxTornInRow)) return { line: number + 1, reason: notWhole }
    if (read !== undefined && unread.length > 0) {
      if (read.what !== 'torn_line' || read['torn'] !== digestOfTorn(unread)) return { line: number - unread.length + 1, reason: notWhole }
      torn.push(...numbersOfUnread())
      unread = []
    }
    number += 1
    if (read === undefined) unread.push(Buffer.from(bytes))
    else if (read.before !== last) return { line: number, reason: last === null ? notFirst : notNext }
    else last = digestOf(bytes)
    return undefined
  }

  return {
    line(bytes) {
      fault ??= look(bytes)
      return fault === undefined
    },
    verdict(isEnded) {
      // Only what has no line break yet can still be under way, or be the end of a process.
      const [first] = numbersOfUnread()
      if (fault === undefined && first !== undefined && isEnded) fault = { line: first, reason: notWhole }
      if (fault !== undefined) return { lines: fault.line - 1, last, torn, fault }
      return { lines: number, last, torn: [...torn, ...numbersOfUnread()] }
    },
  }
}

/** Checks an audit that is in memory; see {@link createChainCheck}. */
export function verifyAudit(bytes: Buffer): Verdict {
  const pieces = splitLines(bytes)
  const isEnded = pieces.at(-1)?.length === 0
  const check = createChainCheck()
  for (const line of isEnded ? pieces.slice(0, -1) : pieces) if (!check.line(line)) break
  return check.verdict(isEnded)
}

const notWhole = 'It is no line of an audit, and no line behind it says that a process ended while writing it.'
const notFirst = 'It names a line before it, and there is none: lines at the beginning are missing.'
const notNext = 'It does not carry the digest of the line before: that line was changed, or lines were added or removed between the two.'
