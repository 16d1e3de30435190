import type { IncomingMessage } from 'node:http'
import { refusedBody } from './client-gone.js'

/** The largest body that is read before the backend is asked, in bytes: what leaves with its head in one piece. */
const mostBytes = 16_384

/** Whether a request has a body that is not worth a stream of its own. */
export function isSmallBody({ headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length'] ?? 0)
  return length > 0 && length <= mostBytes && headers['transfer-encoding'] === undefined
}

/** Reads such a body; what breaks off is nobody's request, and never read. `refuse` gets what the door ended it in. */
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
