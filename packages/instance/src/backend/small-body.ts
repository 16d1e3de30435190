import type { IncomingMessage } from 'node:http'
import { refusedBody } from './client-gone.js'

/** The largest body that is read before the backend is called, in bytes; it is then sent in one piece with its head. */
const maxBytes = 16_384

/** Whether a request has a body that is read whole and not streamed: 1 to `maxBytes` bytes, by its `Content-Length`. */
export function isSmallBody({ headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length'] ?? 0)
  return length > 0 && length <= maxBytes && headers['transfer-encoding'] === undefined
}

/**
 * Reads a small body and calls `then` with it. If the body is destroyed with a refusal (see {@link refusedBody}), calls
 * `refuse`. If the client disconnects, calls neither: no answer can be sent.
 */
export function readSmallBody(request: IncomingMessage, then: (body: Buffer) => void, refuse: (error: Error) => void): void {
  let body: Buffer | undefined
  request.on('data', (chunk: Buffer) => {
    body = body === undefined ? chunk : Buffer.concat([body, chunk])
  })
  request.on('end', () => then(body ?? Buffer.alloc(0)))
  request.on('close', () => {
    const refusal = refusedBody(request)
    if (refusal !== undefined) refuse(refusal)
  })
}
