import type { IncomingMessage } from 'node:http'

/** What an answer is that nobody can read on. */
export const switched = 'The backend changed to a protocol that nobody asked for.'

/**
 * What Node takes for an answer and nobody can read on: 101 without a protocol that was asked for, what is no status
 * (RFC 9110, 15), and a body in another transfer coding, whose name would be lost on the way and its bytes stay.
 */
export function faultOfAnswer({ statusCode = 0, rawHeaders }: IncomingMessage): Error | undefined {
  if (statusCode < 200 || statusCode > 999)
    return new Error(statusCode === 101 ? switched : 'The backend answered with a status that is none.')
  return faultOfCoding(rawHeaders)
}

/** Of all transfer codings only chunks are taken off and put on again. */
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

/** Of what answers a GET (RFC 9110, 6.4.1). */
export function mayHaveBody({ statusCode }: IncomingMessage): boolean {
  return statusCode !== 204 && statusCode !== 304
}
