import type { IncomingMessage } from 'node:http'

/** Node takes it that these have no body where nothing is said of one, and writes others in chunks. */
const usuallyBodiless = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/**
 * Adds where the request's body ends, as it was read and not as it was written: nothing that a client says of
 * its other headers takes that away, and no second word stands beside it (RFC 9112, 6).
 */
export function addFraming(to: string[], { method, headers }: IncomingMessage): void {
  const length = headers['content-length']
  if (headers['transfer-encoding'] !== undefined) to.push('Transfer-Encoding', 'chunked')
  else if (length !== undefined) to.push('Content-Length', plain(length))
  else if (!usuallyBodiless.has(method as string)) to.push('Content-Length', '0')
}

/** Some take a number that begins with 0 for an octal one. */
function plain(length: string): string {
  return length.length > 1 && length.startsWith('0') ? length.replace(/^0+(?=.)/, '') : length
}
