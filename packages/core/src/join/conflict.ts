import { Refusal } from '@postern/ports'

/** How long a client waits before it asks again whether a call at another process has failed without a bill, in seconds. */
const waitSeconds = 5

/**
 * The refusal of a call whose key another process has.
 *
 * @param holder The holder of the lock: the request id of the first call, and its fingerprint.
 */
export function conflictWith(holder: string, fingerprint: string): Refusal {
  const [firstId = '', other] = holder.split(' ')
  return other === fingerprint ? notKept(firstId, waitSeconds) : otherRequest(firstId)
}

/** The key was used for something else. */
export function otherRequest(firstId: string): Refusal {
  return new Refusal('idempotency_conflict', {
    message: `The Idempotency-Key was used for another request, ${firstId}.`,
    help: 'Give each request a key of its own, and repeat a request with the same body.',
    param: 'Idempotency-Key',
  })
}

/**
 * The same request was sent, and its answer is not here.
 *
 * @param retryAfterSeconds The value of `Retry-After`, if a repeat may get another answer by then. Default: the answer has no such header,
 *   since each repeat is refused as long as the key is remembered.
 */
export function notKept(firstId: string, retryAfterSeconds?: number): Refusal {
  return new Refusal('idempotency_conflict', {
    message: `A request with this Idempotency-Key was sent already, ${firstId}, and its answer cannot be given here.`,
    help: 'It may have been billed: look for its result before you send it again under another key.',
    param: 'Idempotency-Key',
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}
