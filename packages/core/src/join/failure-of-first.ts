import { ClientGone, Refusal } from '@postern/ports'
import { notKept } from './conflict.js'

/** The first call of a key ended before it was sent, for a reason that concerns its own client alone. */
export class FirstNotSent extends Error {
  constructor() {
    super('The first call with this Idempotency-Key ended before it was sent.')
  }
}

/** Whether a call that failed may have been billed all the same: then its key is not free for another attempt. */
export function mayBeBilled(error: unknown): boolean {
  if (error instanceof ClientGone) return false
  return error instanceof Refusal ? error.details.mayHaveRun === true : true
}

/**
 * The failure of the calls that joined a call that failed: that of the first call, unless it concerns the first call's client alone, which
 * has left or whose session was revoked. Then it is 409 `idempotency_conflict` if the first call may have been billed, and otherwise
 * {@link FirstNotSent}.
 */
export function failureForOthers(error: unknown, firstId: string): unknown {
  const isOwn = error instanceof ClientGone || (error instanceof Refusal && error.details.finish !== undefined)
  if (!isOwn) return error
  return mayBeBilled(error) ? notKept(firstId) : new FirstNotSent()
}
