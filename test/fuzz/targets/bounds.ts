import type { Fault } from '../fault.js'

/** The longest that one turn of the loop, or one call, may take, in milliseconds. */
export const longestTurnMs = 50

/** What is known of a turn that took longer. */
export function took(ms: number): Pick<Fault, 'detail' | 'ms'> {
  return { detail: `${ms.toFixed(0)} ms`, ms }
}
