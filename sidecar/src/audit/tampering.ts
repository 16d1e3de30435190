import { digestOf, readLine } from './line.js'

/** What was done to an audit, as far as its lines tell. */
export type Tampering =
  | 'changed'
  | 'missing'
  | 'missing at the beginning'
  | 'cut at the end'
  | 'reordered'
  | 'doubled'
  | 'added'
  | 'of another audit'
  | 'written anew'
  | 'no audit line'
  | 'changed or missing'
  | 'changed or added'

/** A line that does not fit the ones before it, or whose mark is not right. */
export interface Misfit {
  /** From 1 on. */
  readonly line: number
  readonly what: 'unreadable' | 'order' | 'chain' | 'mark' | 'no mark'
}

/**
 * Says what was done to an audit, from the whole of its lines. Without marks, a line that was changed and one that is missing look alike.
 *
 * @param isMarkRight Tells whether a line has the right mark; `undefined`: marks are not looked at.
 */
export function nameTampering(lines: readonly Buffer[], { line, what }: Misfit, isMarkRight?: (line: Buffer) => boolean): Tampering {
  const place = line - 1
  const misfit = lines[place] as Buffer
  const digests = lines.map(digestOf)
  const read = readLine(misfit)
  if (what === 'unreadable' || read === undefined) return 'no audit line'
  if (digests.indexOf(digestOf(misfit)) < place) return 'doubled'
  if (what === 'chain') return 'of another audit'
  if (what === 'mark' || what === 'no mark') {
    const isAnew = isMarkRight !== undefined && !lines.slice(place).some(isMarkRight)
    if (isAnew && (place === 0 || lines.length - place > 1)) return 'written anew'
    const isFollowed = lines.slice(place + 1).some((other) => readLine(other)?.before === read.before)
    if (isFollowed || what === 'no mark') return 'added'
    return place === lines.length - 1 ? 'changed or added' : 'changed'
  }
  if (read.before === null) return 'of another audit'
  if (place === 0) return 'missing at the beginning'
  const former = digests.indexOf(read.before)
  if (former > place) return 'reordered'
  if (former !== -1) return lines.slice(former + 1, place).some((other) => isMoved(other, digests)) ? 'reordered' : 'added'
  return isMarkRight === undefined ? 'changed or missing' : 'missing'
}

/** Whether a line belongs behind another one of the audit than it stands behind. */
function isMoved(line: Buffer, digests: readonly string[]): boolean {
  const before = readLine(line)?.before
  if (typeof before !== 'string') return false
  const former = digests.indexOf(before)
  return former !== -1 && former !== digests.indexOf(digestOf(line)) - 1
}
