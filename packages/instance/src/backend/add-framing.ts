import type { IncomingMessage } from 'node:http'

/** For these methods, Node's client sends no body unless a framing header is set; for all others it sends chunks. */
const usuallyBodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/**
 * Adds the one header that frames the request's body (RFC 9112, 6): rebuilt from how Node framed it, not copied. So a
 * client can neither remove it by naming it in `Connection` nor put a second one beside it.
 */
export function addFraming(to: string[], { method, headers }: IncomingMessage): void {
  const length = headers['content-length']
  if (headers['transfer-encoding'] !== undefined) to.push('Transfer-Encoding', 'chunked')
  else if (length !== undefined) to.push('Content-Length', plain(length))
  else if (!usuallyBodiless.has(method as string)) to.push('Content-Length', '0')
}

/** Removes leading zeros from a `Content-Length`: some servers read a number that begins with 0 as octal. */
function plain(length: string): string {
  return length.startsWith('0') ? length.replace(/^0+(?=.)/, '') : length
}
