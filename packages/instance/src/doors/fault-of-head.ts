import type { IncomingMessage } from 'node:http'
import { Refusal } from '@postern/ports'

/**
 * The most header lines that a request may have. A backend on Node keeps the first 1,000 lines and silently drops the
 * rest; with the lines that Postern adds, a request stays below that. Most other servers accept 100.
 */
const maxHeaderLines = 960

/**
 * The fault of a head that is ambiguous, or of which Node may have dropped lines; `undefined` if there is none. Node's
 * parser obeys also the lines that it drops: if `Content-Length` is among them, the parser frames the body by a header
 * that the code behind it cannot see.
 */
export function faultOfHead({ httpVersion, httpVersionMajor, rawHeaders, headers, socket }: IncomingMessage): Refusal | undefined {
  // Another major version may give header lines another meaning (RFC 9112, 2.3); Node reads 0.9 and 2.0 like 1.0 and 1.1.
  if (httpVersionMajor !== 1)
    return new Refusal('request_malformed', { message: 'Requests are read as HTTP/1.0 or HTTP/1.1.', headers: ['Connection', 'close'] })
  // With exactly `maxHeadersCount` lines, a head may be complete, or Node may have dropped the rest: refuse both.
  if (rawHeaders.length >= 2 * maxHeaderLines || rawHeaders.length >= 2 * boundOf(socket))
    return new Refusal('headers_too_large', { message: 'The request has too many header lines.', headers: ['Connection', 'close'] })
  // `Transfer-Encoding` and `Content-Length` together (RFC 9112, 6.3): only Node's lenient parser lets this through.
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined && headers['content-length'] !== undefined)
    return new Refusal('request_malformed', { message: 'The request says twice where its body ends.', headers: ['Connection', 'close'] })
  // HTTP/1.0 has no chunked bodies. A proxy that forwarded this request may have read another end of its body (RFC 9112, 6.1).
  if (encoding !== undefined && httpVersion === '1.0')
    return new Refusal('request_malformed', { message: 'HTTP/1.0 has no Transfer-Encoding.', headers: ['Connection', 'close'] })
  if (encoding !== undefined && !isChunked(encoding))
    return new Refusal('request_malformed', { message: 'A body can only be encoded as chunked.', headers: ['Connection', 'close'] })
  return undefined
}

/**
 * Whether `Transfer-Encoding` is exactly `chunked`. Node decodes only the chunks. If the body has a further coding, such
 * as gzip, Node passes it on encoded, while `Transfer-Encoding` is hop-by-hop: the backend would not know of the coding.
 */
function isChunked(encoding: string): boolean {
  return /^[\t ]*chunked[\t ]*$/i.test(encoding)
}

/** `maxHeadersCount` of the server that read the request: an application that embeds Postern may have set it. */
function boundOf(socket: object): number {
  const { server }: { readonly server?: { readonly maxHeadersCount?: number | null } } = socket
  const bound = server?.maxHeadersCount ?? 0
  return bound > 0 ? bound : Infinity
}
