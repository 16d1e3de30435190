import { type Amount, amountNamed } from './amount-names.js'
import type { VisitedMember } from './visit-members.js'

/** Objects in which a number of tokens is for thinking. */
const forThinking = /^(?:reasoning|thinking)$/

/** Whether a member asks for a part of an answer's length: for thinking, or for the least length. */
export function isPartOfLength(amount: Amount, { depth, within }: Pick<VisitedMember, 'depth' | 'within'>): boolean {
  return amount === 'part' || (amount === 'length' && depth === 1 && forThinking.test(within as string))
}

/** Whether a member says how many tokens may be spent on thinking. Some providers count them beside the ceiling of the answer. */
export function asksForThinking(member: VisitedMember): boolean {
  return !member.inContent && isPartOfLength(amountNamed(member.name), member) && !/^min/i.test(member.name)
}

/** The least and the greatest number that a member may have. */
export interface Bound {
  readonly least: number
  readonly most: number
}

/**
 * How many tokens of thinking each answer may have beside its ceiling, or within it.
 *
 * @param ofEach What each answer may have in all.
 * @param stated The ceiling that the request states for each.
 * @param isCounted Whether the format's ceiling counts thinking. Only then a negative number, with which the provider chooses, is bounded.
 */
export function boundOfThinking(ofEach: number, stated: number, isCounted: boolean): Bound {
  return isCounted ? { least: -Infinity, most: ofEach } : { least: 0, most: ofEach - stated }
}
