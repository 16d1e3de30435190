import type { IncomingMessage } from 'node:http'

/** Above every documented limit, so that each gateway's own rule answers. */
const MOST_BYTES = 64 * 1024 * 1024

/** Reads the whole body; `undefined` if the client disconnected first, or sent more than `MOST_BYTES`. */
export function receiveBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let length = 0
    request.on('data', (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (length > MOST_BYTES) request.destroy()
    })
    request.once('end', () => resolve(Buffer.concat(pieces)))
    request.once('error', () => resolve(undefined))
    request.once('close', () => resolve(undefined))
  })
}
