import type { Arrival } from '../arrival.js'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { ClientGone, Refusal } from '../refusal.js'

/**
 * Reads a whole request body.
 *
 * @throws {Refusal} 413 `body_too_large` as soon as the limit is passed.
 * @throws {ClientGone} where the body breaks off.
 */
export function readBody(arrival: Arrival, maxBytes: number): Promise<Buffer> {
  const { body } = arrival
  return new Promise((resolve, reject) => {
    const received = new GrowingBuffer()
    let settled = false

    // Settling leaves the listeners where they are: taking them off again costs more than the request has use for.
    body.on('data', (chunk: Buffer) => {
      if (settled) return
      if (received.length + chunk.length > maxBytes) {
        settled = true
        body.pause()
        reject(bodyTooLarge(maxBytes))
      } else received.append(chunk)
    })
    body.on('end', () => {
      settled = true
      resolve(received.take())
    })
    body.on('close', () => {
      if (!settled) reject(new ClientGone('The client left while sending its body.'))
    })
    if (body.destroyed) reject(new ClientGone('The client left before its body was read.'))
  })
}

export function bodyTooLarge(maxBytes: number): Refusal {
  return new Refusal('body_too_large', { message: `The request body is larger than ${maxBytes} bytes.` })
}
