import type { IncomingMessage } from 'node:http'

/** The largest body that is read before the backend is asked, in bytes: what leaves with its head in one piece. */
const mostBytes = 16_384

/** Whether a request has a body that is not worth a stream of its own. */
export function isSmallBody({ headers }: IncomingMessage): boolean {
  const length = Number(headers['content-length'] ?? 0)
  return length > 0 && length <= mostBytes && headers['transfer-encoding'] === undefined
}

/** Reads such a body; what breaks off is nobody's request, and never read. */
export function readSmallBody(request: IncomingMessage, then: (body: Buffer) => void): void {
  let body: Buffer | undefined
  request.on('data', (chunk: Buffer) => {
    body = body === undefined ? chunk : Buffer.concat([body, chunk])
  })
  request.on('end', () => then(body ?? Buffer.alloc(0)))
}
