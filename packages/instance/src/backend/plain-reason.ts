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
 * The phrase of a status as RFC 9110 has it; empty if it has none. For answers that undici reads: of a phrase that comes in pieces it
 * gives the last one alone.
 */
export function usualReason(status: number): string {
  return STATUS_CODES[status] ?? ''
}
