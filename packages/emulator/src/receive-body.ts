import type { IncomingMessage } from 'node:http'

/** Above every limit a gateway documents, so that each gateway's own rule is the one that answers. */
const MOST_BYTES = 64 * 1024 * 1024

/** The whole body, or `undefined` when the client left, or sent more than any gateway would read, before it was in. */
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
