import { STATUS_CODES } from 'node:http'

/** The reason phrases that Node accepts: without control characters (RFC 9112, 4). */
const writable = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The reason phrase to pass on: unchanged if Node accepts it, otherwise empty. A client ignores the phrase (RFC 9112, 4).
 */
export function plainReason(phrase: string | undefined): string {
  return phrase !== undefined && writable.test(phrase) ? phrase : ''
}

/**
 * The same for a phrase of undici, which decodes it as UTF-8, while Node writes Latin-1. Of a phrase that comes in pieces undici gives the
 * last one alone: one that is the end of the status's usual phrase (RFC 9110, 15) is taken for that.
 */
export function plainUtf8Reason(status: number, phrase: string): string {
  const usual = STATUS_CODES[status]
  if (usual !== undefined && usual.endsWith(phrase)) return usual
  if (!/[\u0080-\uffff]/.test(phrase)) return plainReason(phrase)
  return phrase.includes('\ufffd') ? '' : plainReason(Buffer.from(phrase).toString('latin1'))
}
