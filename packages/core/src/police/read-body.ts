import type { Arrival } from '../arrival.js'
import { ClientGone, Refusal } from '../refusal.js'

/**
 * Reads a whole request body.
 *
 * @throws {Refusal} 413 `body_too_large` as soon as the limit is passed, 400 `request_malformed` where the body breaks off.
 */
export function readBody(arrival: Arrival, maxBytes: number): Promise<Buffer> {
  const { body } = arrival
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined
    let more: Buffer[] | undefined
    let size = 0

    const settle = (finish: () => void): void => {
      body.off('data', onData)
      body.off('end', onEnd)
      body.off('error', onLost)
      body.off('close', onLost)
      finish()
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > maxBytes) {
        body.pause()
        settle(() => reject(bodyTooLarge(maxBytes)))
      } else if (first === undefined) first = chunk
      else if (more === undefined) more = [first, chunk]
      else more.push(chunk)
    }
    const onEnd = (): void => settle(() => resolve(more === undefined ? (first ?? empty) : Buffer.concat(more, size)))
    const onLost = (): void => settle(() => reject(new ClientGone('The client left while sending its body.')))

    if (body.destroyed && !body.readableEnded) {
      reject(new ClientGone('The client left before its body was read.'))
      return
    }
    body.on('data', onData)
    body.on('end', onEnd)
    body.on('error', onLost)
    body.on('close', onLost)
  })
}

export function bodyTooLarge(maxBytes: number): Refusal {
  return new Refusal('body_too_large', { message: `The request body is larger than ${maxBytes} bytes.` })
}

const empty = Buffer.alloc(0)
