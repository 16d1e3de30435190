import type { MasterKeys } from '@postern/instance'
import { type AuditLine, digestOf, digestOfTorn, looksTorn, readLine, splitLines, splitMark } from './line.js'
import { type Misfit, nameTampering, type Tampering } from './tampering.js'

/** The first line that does not fit the ones before it. */
export interface Fault {
  readonly line: number
  readonly reason: string
  /** What was done, as far as the whole audit tells; absent where only a part of it was looked at. */
  readonly tampering?: Tampering
}

/** What a look at a whole audit found. */
export interface Verdict {
  /** How many lines fit, torn ones included. */
  readonly lines: number
  /** The SHA-256 of the last whole line; `null` without any. */
  readonly last: string | null
  /** The numbers of lines that a process did not write to their end. */
  readonly torn: readonly number[]
  /** How many lines have the right mark. Absent if marks were not looked at. */
  readonly marked?: number
  /** How many lines at the beginning have no mark of a known master key, and are believed. Absent if there are none. */
  readonly unmarked?: number
  readonly fault?: Fault
}

/** How the marks of lines are looked at. */
export interface MarkCheck {
  readonly masterKeys: MasterKeys
  /**
   * Which lines at the beginning need no mark of these master keys: those up to the one with this SHA-256; `all`: those before the first
   * line that has one. Default: none.
   */
  readonly trusted?: string | undefined
}

/** The most torn lines between two whole ones; they are kept until the second says that it found them. */
const maxTornInRow = 1000

/** Looks at an audit line by line, in bounded memory. */
export interface ChainCheck {
  /** Looks at the next line, without its line break. Returns `false` once a line does not fit: further ones are not looked at. */
  line(bytes: Buffer): boolean
  /** @param isEnded Whether there is a line break behind the last line: what has none may still be under way. */
  verdict(isEnded: boolean): Verdict
  /** What is wrong with the line that does not fit; `undefined`: all fit. */
  misfit(): Misfit['what'] | undefined
}

/**
 * Checks that every line carries the digest of the one before and, with `marks`, the mark of a master key. A line that a process did not
 * write to its end is no fault, if it is the last one or the line behind it says that it was found.
 */
export function createChainCheck(marks?: MarkCheck): ChainCheck {
  let number = 0
  let last: string | null = null
  let chain: string | undefined
  let marked = 0
  let unmarked = 0
  let isTrusted = marks?.trusted !== undefined
  const torn: number[] = []
  let unread: Buffer[] = []
  let fault: Fault | undefined
  let wrong: Misfit['what'] | undefined

  const numbersOfUnread = (): readonly number[] => unread.map((_, place) => number - unread.length + 1 + place)
  const fail = (what: Misfit['what'], line: number, reason: string): Fault => {
    wrong = what
    return { line, reason }
  }

  function look(bytes: Buffer): Fault | undefined {
    const read = readLine(bytes)
    if (read === undefined && (!looksTorn(bytes) || unread.length === maxTornInRow)) return fail('unreadable', number + 1, notWhole)
    if (read !== undefined && unread.length > 0) {
      if (read.what !== 'torn_line' || read['torn'] !== digestOfTorn(unread))
        return fail('unreadable', number - unread.length + 1, notWhole)
      torn.push(...numbersOfUnread())
      unread = []
    }
    number += 1
    if (read === undefined) {
      unread.push(Buffer.from(bytes))
      return undefined
    }
    if (chain !== undefined && read.chain !== undefined && read.chain !== chain) return fail('chain', number, ofAnother)
    if (read.before !== last) return fail('order', number, last === null ? notFirst : notNext)
    const found = marks === undefined ? undefined : lookAtMark(bytes, read, marks)
    if (found !== undefined) return found
    chain = read.chain ?? chain
    last = digestOf(bytes)
    if (marks?.trusted === last) isTrusted = false
    return undefined
  }

  function lookAtMark(bytes: Buffer, { chain: ofLine }: AuditLine, { masterKeys, trusted }: MarkCheck): Fault | undefined {
    const split = splitMark(bytes)
    const judged = split === undefined || ofLine === undefined ? 'none' : masterKeys.judgeLine(split.text, split.mac)
    if (judged === 'wrong') return fail('mark', number, wrongMark)
    if (judged === 'right') {
      marked += 1
      if (trusted === 'all') isTrusted = false
      return undefined
    }
    if (!isTrusted) return fail('no mark', number, judged === 'none' ? noMark : unknownMark)
    unmarked += 1
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
      if (fault === undefined && first !== undefined && isEnded) fault = fail('unreadable', first, notWhole)
      const found = { ...(marks === undefined ? {} : { marked }), ...(unmarked === 0 ? {} : { unmarked }) }
      if (fault !== undefined) return { lines: fault.line - 1, last, torn, ...found, fault }
      return { lines: number, last, torn: [...torn, ...numbersOfUnread()], ...found }
    },
    misfit: () => wrong,
  }
}

/** Checks an audit that is in memory, and says of a fault what was done; see {@link createChainCheck}. */
export function verifyAudit(bytes: Buffer, marks?: MarkCheck): Verdict {
  const pieces = splitLines(bytes)
  const isEnded = pieces.at(-1)?.length === 0
  const lines = isEnded ? pieces.slice(0, -1) : pieces
  const check = createChainCheck(marks)
  for (const line of lines) if (!check.line(line)) break
  const verdict = check.verdict(isEnded)
  const { fault } = verdict
  const what = check.misfit()
  if (fault === undefined || what === undefined) return verdict
  const isMarkRight = (line: Buffer): boolean => {
    const split = splitMark(line)
    return split !== undefined && marks?.masterKeys.judgeLine(split.text, split.mac) === 'right'
  }
  const tampering = nameTampering(lines, { line: fault.line, what }, marks === undefined ? undefined : isMarkRight)
  return { ...verdict, fault: { ...fault, tampering } }
}

const notWhole = 'It is no line of an audit, and no line behind it says that a process ended while writing it.'
const notFirst = 'It names a line before it, and there is none: lines at the beginning are missing.'
const notNext = 'It does not carry the digest of the line before: that line was changed, or lines were added or removed between the two.'
const ofAnother = 'It is a line of another audit.'
const wrongMark = 'Its mark is not that of the master key: who wrote or changed it did not know that key.'
const noMark =
  'It has no mark of a master key: it was written by somebody who did not know one, or while keyRing.masterKeys was not configured.'
const unknownMark = 'Its mark names a master key that is not among keyRing.masterKeys.'
