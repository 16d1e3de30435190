import type { IncomingMessage } from 'node:http'

/** The message for a 101 (Switching Protocols) that the request did not ask for. */
export const switched = 'The backend changed to a protocol that nobody asked for.'

/**
 * The fault of an answer that Node accepts but that must not be passed on: a 101 that was not asked for, a status outside
 * 200 to 999 (RFC 9110, 15), or a transfer coding other than `chunked`. `undefined` if there is none.
 */
export function faultOfAnswer({ statusCode = 0, rawHeaders }: IncomingMessage): Error | undefined {
  if (statusCode < 200 || statusCode > 999)
    return new Error(statusCode === 101 ? switched : 'The backend answered with a status that is none.')
  return faultOfCoding(rawHeaders)
}

/**
 * The fault of a `Transfer-Encoding` that is not exactly `chunked`, or `undefined`. Node and undici decode only chunks; with
 * any other coding the body would be passed on encoded, without the header that says so.
 */
export function faultOfCoding(rawHeaders: readonly string[]): Error | undefined {
  let said = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length !== 17 || name.toLowerCase() !== 'transfer-encoding') continue
    if (said || (rawHeaders[index + 1] as string).trim().toLowerCase() !== 'chunked')
      return new Error('The backend answered in a transfer coding that is not passed on.')
    said = true
  }
  return undefined
}

/** Whether an answer to a GET may have a body, by its status (RFC 9110, 6.4.1). */
export function mayHaveBody({ statusCode }: IncomingMessage): boolean {
  return statusCode !== 204 && statusCode !== 304
}
