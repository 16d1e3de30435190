import type { IncomingMessage } from 'node:http'
import { Refusal } from '../refusal.js'

/**
 * The most header lines that a request may have. Node, and servers behind us that are made with it, hand on the
 * first 1,000 and drop the rest in silence; with those that we add, what leaves stays below that. Most other servers
 * take 100.
 */
const mostHeaderLines = 960

/**
 * Why a head says less than its bytes did, or two things at once; `undefined` of every usual one. Of lines that
 * Node dropped nothing is known, but its parser obeyed them: a `Content-Length` among them would frame the body for
 * the parser and for nobody behind it.
 */
export function faultOfHead({ httpVersionMajor, rawHeaders, headers, socket }: IncomingMessage): Refusal | undefined {
  // What another version means by its lines is not known (RFC 9112, 2.3); Node reads 0.9 and 2.0 as if they were 1.0 and 1.1.
  if (httpVersionMajor !== 1)
    return new Refusal('request_malformed', { message: 'Requests are read as HTTP/1.0 or HTTP/1.1.', headers: ['Connection', 'close'] })
  // Node cuts in batches: at its bound, a head may be whole or cut.
  if (rawHeaders.length >= 2 * mostHeaderLines || rawHeaders.length >= 2 * boundOf(socket))
    return new Refusal('headers_too_large', { message: 'The request has too many header lines.', headers: ['Connection', 'close'] })
  // Only a parser that is told to be lenient lets both through (RFC 9112, 6.3).
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined && headers['content-length'] !== undefined)
    return new Refusal('request_malformed', { message: 'The request says twice where its body ends.', headers: ['Connection', 'close'] })
  if (encoding !== undefined && !isChunked(encoding))
    return new Refusal('request_malformed', { message: 'A body can only be encoded as chunked.', headers: ['Connection', 'close'] })
  return undefined
}

/**
 * Whether a body is encoded as we read it: in chunks, once. Node takes the chunks away and hands on what else it is
 * encoded as, and its name is of one connection only; whoever got the body would take it for what it is not.
 */
function isChunked(encoding: string): boolean {
  return /^[\t ]*chunked[\t ]*$/i.test(encoding)
}

/** The bound of the server that read the request; an application that embeds Postern may have set its own. */
function boundOf(socket: object): number {
  const { server }: { readonly server?: { readonly maxHeadersCount?: number | null } } = socket
  const bound = server?.maxHeadersCount ?? 0
  return bound > 0 ? bound : Infinity
}
