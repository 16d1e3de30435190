/**
 * Statuses with which a gateway says that it takes the request not at all (RFC 9110, 15.5). Others, such as 408 and 409, may come after
 * a model ran.
 */
const ranNothingWith = new Set([
  400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 413, 414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 451,
])

/**
 * Whether an answer with this status says that nothing ran. Whatever depends on it asks here: what is booked of the call, whether its
 * client may try again, and whether a repeat with its `Idempotency-Key` is sent.
 */
export function ranNothing(status: number): boolean {
  return ranNothingWith.has(status)
}
