import type { Readable } from 'node:stream'
import { type Arrival, ClientGone, Refusal } from '@postern/ports'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { holdBody, tooMuchHeld } from '../lib/hold.js'
import { inTurns } from '../lib/in-turns.js'
import { giveInItsTurn } from './body-turns.js'

/** A body of more bytes waits for a turn of its own: what is made of it at once, such as its text, takes milliseconds for each mebibyte. */
const largeBytes = 256 * 1024

/**
 * Reads a whole request body. Its bytes count for its client until the request is over. Of large bodies one is given in one turn of the
 * event loop, and of others those of some 16 KB together, however many end at the same moment; callers take turns.
 *
 * @param owner Names the caller whose body it is. Default: the address of the peer.
 *
 * @throws {Refusal} 413 `body_too_large` as soon as the body exceeds `maxBytes`; 429 `rate_limited` if too many bytes are
 *   held for this client already; and the refusal that the body was destroyed with, such as 408 `request_timeout`.
 * @throws {ClientGone} if the body breaks off.
 * @throws {TypeError} if the body gives no bytes, because something called `setEncoding` on it.
 */
export function readBody(arrival: Arrival, maxBytes: number, limit?: BodyLimit, owner = arrival.address): Promise<Buffer> {
  const { body } = arrival
  const hold = holdBody(arrival)
  return new Promise((resolve, reject) => {
    const received = new GrowingBuffer()
    let settled = false

    // The listeners stay attached: removing them costs more than they do.
    body.on('data', (chunk: unknown) => {
      if (settled) return
      // An error in a listener would end the process, so nothing but bytes is used here.
      if (!Buffer.isBuffer(chunk)) {
        settled = true
        body.pause()
        hold.letGo()
        reject(new TypeError('The body gives text, not bytes: something called setEncoding on the request.'))
        return
      }
      const length = received.length + chunk.length
      if (length <= maxBytes && hold.mayHold(length)) {
        received.append(chunk)
        return
      }
      settled = true
      body.pause()
      hold.letGo()
      reject(length > maxBytes ? bodyTooLarge(maxBytes, limit) : tooMuchHeld())
    })
    body.on('end', () => {
      settled = true
      // The call may have been refused meanwhile; then nobody takes these bytes.
      if (hold.isOver) hold.letGo()
      if (received.length <= largeBytes) return giveInItsTurn(owner, received.length, () => resolve(received.takeToKeep()))
      const taken = inTurns(() => {
        resolve(received.takeToKeep())
        return true
      }, owner)
      taken.catch(reject)
    })
    body.on('close', () => {
      if (settled) return
      hold.letGo()
      reject(refusalOfEnd(body) ?? new ClientGone('The client left while sending its body.'))
    })
    if (body.destroyed) reject(refusalOfEnd(body) ?? new ClientGone('The client left before its body was read.'))
  })
}

/** The refusal that the body was destroyed with, such as 408 for a slow body. */
export function refusalOfEnd({ errored }: Readable): Refusal | undefined {
  return errored instanceof Refusal ? errored : undefined
}

/** Who sets a limit of bodies: `policies.body`, or the gateway with this title. `undefined` in its place: Postern, and it is fixed. */
export type BodyLimit = 'policy' | { readonly gateway: string }

export function bodyTooLarge(maxBytes: number, limit?: BodyLimit): Refusal {
  const size = `The request body is larger than ${maxBytes} bytes`
  if (limit === undefined) return new Refusal('body_too_large', { message: `${size}, which is all that is read here.`, help: 'Send less.' })
  if (limit === 'policy')
    return new Refusal('body_too_large', { message: `${size}.`, help: 'Send less; for the operator: the limit is policies.body.' })
  const message = `${size}, and ${limit.gateway} takes no larger one in JSON.`
  return new Refusal('body_too_large', { message, help: "Send less; the limit is the gateway's, and no setting raises it." })
}
