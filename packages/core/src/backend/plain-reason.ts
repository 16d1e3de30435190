/** What Node writes in a status line: no control characters (RFC 9112, 4). */
const writable = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * A reason phrase as it can be passed on: as it came where Node writes it, and otherwise none. It is of no use to
 * anybody (RFC 9112, 4).
 */
export function plainReason(phrase: string | undefined): string {
  return phrase !== undefined && writable.test(phrase) ? phrase : ''
}

/** The same of undici's, which reads the bytes as UTF-8, where Node writes Latin-1. */
export function plainUtf8Reason(phrase: string): string {
  if (!/[\u0080-\uffff]/.test(phrase)) return plainReason(phrase)
  return phrase.includes('\ufffd') ? '' : plainReason(Buffer.from(phrase).toString('latin1'))
}
