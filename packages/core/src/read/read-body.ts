import type { Readable } from 'node:stream'
import type { Arrival } from '../arrival.js'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { ClientGone, Refusal } from '../refusal.js'
import { createHold, tooMuchHeld } from './hold.js'

/**
 * Reads a whole request body.
 *
 * @throws {Refusal} 413 `body_too_large` as soon as the limit is passed, 429 `rate_limited` where too much is held
 *   for this client already, and what the door ended the body in, such as 408 `request_timeout`.
 * @throws {ClientGone} where the body breaks off.
 */
export function readBody(arrival: Arrival, maxBytes: number, limit?: BodyLimit): Promise<Buffer> {
  const { body } = arrival
  const { mayHold, letGo } = createHold(arrival)
  return new Promise((resolve, reject) => {
    const received = new GrowingBuffer()
    let settled = false

    // Settling leaves the listeners where they are: taking them off again costs more than the request has use for.
    body.on('data', (chunk: Buffer) => {
      if (settled) return
      const length = received.length + chunk.length
      if (length <= maxBytes && mayHold(length)) {
        received.append(chunk)
        return
      }
      settled = true
      body.pause()
      letGo()
      reject(length > maxBytes ? bodyTooLarge(maxBytes, limit) : tooMuchHeld())
    })
    body.on('end', () => {
      settled = true
      letGo()
      resolve(received.take())
    })
    body.on('close', () => {
      letGo()
      if (!settled) reject(endOf(body) ?? new ClientGone('The client left while sending its body.'))
    })
    if (body.destroyed) reject(endOf(body) ?? new ClientGone('The client left before its body was read.'))
  })
}

/** What the door ended a body in. */
function endOf({ errored }: Readable): Refusal | undefined {
  return errored instanceof Refusal ? errored : undefined
}

/** Whose a limit of bodies is: the operator's setting, or the gateway of this title. Without either it is Postern's own, and fixed. */
export type BodyLimit = 'policy' | { readonly gateway: string }

export function bodyTooLarge(maxBytes: number, limit?: BodyLimit): Refusal {
  const size = `The request body is larger than ${maxBytes} bytes`
  if (limit === undefined) return new Refusal('body_too_large', { message: `${size}, which is all that is read here.`, help: 'Send less.' })
  if (limit === 'policy')
    return new Refusal('body_too_large', { message: `${size}.`, help: 'Send less; for the operator: the limit is policies.body.' })
  const message = `${size}, and ${limit.gateway} takes no larger one in JSON.`
  return new Refusal('body_too_large', { message, help: "Send less; the limit is the gateway's, and no setting raises it." })
}
