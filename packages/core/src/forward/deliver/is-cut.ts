import { Refusal } from '@postern/ports'

/**
 * Whether Postern itself ends an answer: at a shutdown, or because the session was revoked. Then nothing of what the gateway sent
 * before goes on to the client.
 */
export function isCut(cause: unknown): cause is Refusal {
  return cause instanceof Refusal && cause.details.finish !== undefined
}
