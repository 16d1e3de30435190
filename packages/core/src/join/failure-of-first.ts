import { ClientGone, Refusal } from '@postern/ports'
import { notKept } from './conflict.js'

/** Whether a call that failed may have been billed all the same: then its key is not free for another attempt. */
export function mayBeBilled(error: unknown): boolean {
  if (error instanceof ClientGone) return false
  return error instanceof Refusal ? error.details.mayHaveRun === true : true
}

/**
 * What those who joined a failed call are told: the same as its first client, unless the failure is about that client alone, which has
 * left or whose session was revoked.
 */
export function failureForOthers(error: unknown, firstId: string): unknown {
  const isOwn = error instanceof ClientGone || (error instanceof Refusal && error.details.finish !== undefined)
  if (!isOwn) return error
  if (mayBeBilled(error)) return notKept(firstId)
  const message = 'The first request with this Idempotency-Key ended before it was sent.'
  return new Refusal('store_unavailable', { message, help: 'Send it again.', retryAfterSeconds: 1 })
}
