import type { IncomingMessage } from 'node:http'
import { Refusal } from '@postern/ports'

/**
 * Returns what is wrong with a GET or HEAD under the mount: that it has a body. RFC 9110, 9.3.1, gives such a body no meaning, and a
 * gateway that goes by the path alone would run it, though no policy or limit has read it. `Content-Length: 0` is no body.
 */
export function faultOfRead({ method, headers }: IncomingMessage): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const isChunked = headers['transfer-encoding'] !== undefined
  if (!isChunked && Number(headers['content-length'] ?? 0) === 0) return undefined
  return new Refusal('request_malformed', {
    message: `A ${method} has no body here.`,
    help: 'Send it without a body, or send what it asks for as a POST.',
    param: isChunked ? 'Transfer-Encoding' : 'Content-Length',
  })
}
