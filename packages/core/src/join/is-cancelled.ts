import type { Arrival } from '@postern/ports'

/** How the `openai` client and those made like it say how long they wait for the head of an answer, in whole seconds. */
const waitsFor = 'x-stainless-timeout'

/** The header is cut to whole seconds, and both clocks begin at different moments. In milliseconds. */
const marginMs = 1000

/** Begins a key that a client made by itself, for its own repeats: those end where an answer has begun. */
const ownKey = 'auto-'

/**
 * Whether a client that has left will not repeat its call: it said how long it waits and left earlier, or it had begun to read an answer
 * that it repeats no more. Its user has cancelled then. `false` where nothing says so: it may have lost its connection or its patience.
 *
 * @param hasBegun Whether the head of the answer was sent.
 */
export function isCancelled({ headers, watch }: Arrival, hasBegun: boolean): boolean {
  if (hasBegun && String(headers['idempotency-key']).startsWith(ownKey)) return true
  const seconds = Number(headers[waitsFor] ?? 0)
  if (!Number.isInteger(seconds) || seconds <= 0) return false
  return hasBegun || watch.wholeMs() < seconds * 1000 - marginMs
}
