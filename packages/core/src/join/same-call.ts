import { createHash, hash } from 'node:crypto'
import { ownerOf, type Principal } from '@postern/ports'
import { isPage } from '../answers/record-for-client.js'
import { inTurns } from '../lib/in-turns.js'
import type { JoiningCall } from './joining-call.js'

/**
 * Whose calls a call may join, as text: those of the same owner with the same kind of credential; of a service, those with its own label,
 * so that nobody joins a call that somebody else made in the same user's name.
 */
export function joinerOf(principal: Principal): string {
  const { via, caller } = principal
  return hash('sha256', JSON.stringify([via, via === 'service' ? caller : null, ownerOf(principal)]), 'base64url')
}

/** A digest under which repeats of a call are found: of {@link joinerOf} and of the `Idempotency-Key`. */
export function keyOf(joiner: string, idempotencyKey: string): string {
  return hash('sha256', `${joiner} ${idempotencyKey}`, 'base64url')
}

/** So many bytes of a body are hashed in one turn of the event loop. */
const bytesPerTurn = 1024 * 1024

/**
 * A digest of what a repeat must have in common with the first call: method, path, query, type and body, and whether it comes from a page,
 * since pages may be told less. A body that streams through is left out.
 *
 * @returns At once, unless the body is large.
 */
export function fingerprintOf({ arrival, principal, permit }: JoiningCall): string | Promise<string> {
  const { method, path, query, headers } = arrival
  const digest = createHash('sha256')
  digest.update(JSON.stringify([method, path, query, headers['content-type'] ?? null, isPage({ arrival, principal })]))
  const { body } = permit
  if (!Buffer.isBuffer(body)) return digest.digest('base64url')
  if (body.length <= bytesPerTurn) return digest.update(body).digest('base64url')
  let done = 0
  return inTurns(() => {
    digest.update(body.subarray(done, (done += bytesPerTurn)))
    return done >= body.length
  }, ownerOf(principal)).then(() => digest.digest('base64url'))
}
