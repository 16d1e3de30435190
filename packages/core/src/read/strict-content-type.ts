import type { IncomingHttpHeaders } from 'node:http'
import { Refusal } from '@postern/ports'

/**
 * Refuses a compressed body: the gateway would read its content, and Postern would not.
 *
 * @throws {Refusal} 415 `media_type_unsupported`, with `Accept-Encoding: identity` (RFC 9110, 12.5.3 and 15.5.16).
 */
export function refusePackedBody({ 'content-encoding': encoding }: IncomingHttpHeaders): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw packedBody()
}

/** The refusal of a request with `Content-Encoding`. */
export function packedBody(): Refusal {
  return new Refusal('media_type_unsupported', {
    message: 'Bodies are taken as they are, not compressed.',
    help: 'Send it without Content-Encoding.',
    param: 'Content-Encoding',
    headers: ['Accept-Encoding', 'identity'],
  })
}

/**
 * Refuses JSON that a gateway could read differently than policy does: in another charset, or compressed.
 *
 * @throws {Refusal} 400 `request_malformed`, 415 `media_type_unsupported`.
 */
export function refuseOtherReadings(headers: IncomingHttpHeaders): void {
  refusePackedBody(headers)
  const { 'content-type': type = '' } = headers
  if (type !== 'application/json' && !isUtf8Type(type))
    throw new Refusal('request_malformed', { message: 'JSON is written in UTF-8 (RFC 8259, 8.1).', param: 'Content-Type' })
}

const token = String.raw`[!#$%&'*+.^_\x60|~\w-]+`
/**
 * A media type with parameters (RFC 9110, 8.3.1), without escapes in quoted values. Each blank belongs to the token before
 * it, so the pattern matches a text in one way only and does not backtrack.
 */
const wellFormed = new RegExp(String.raw`^\s*[^\s;,"]+\s*(?:;\s*(?:${token}\s*=\s*(?:${token}|"[^"\\]*")\s*)?)*$`)

/** The value of a `charset` that is UTF-8. */
export const utf8Name = '(?:utf-?8|"utf-?8")'

const utf8 = charsetOf(utf8Name)

/** A pattern that finds `charset=<value>` in a type. */
export function charsetOf(value: string): RegExp {
  return new RegExp(String.raw`;\s*charset\s*=\s*${value}\s*(?:;|$)`, 'i')
}

/** Whether a type is well-formed, and has no `charset` or one that the pattern finds; by default UTF-8. */
export function isUtf8Type(type: string, taken = utf8): boolean {
  return wellFormed.test(type) && namesNoOther(type, taken)
}

/**
 * Whether a type has no `charset`, or exactly one, which `taken` matches. The word may not occur elsewhere in the type: some
 * servers search for it.
 */
export function namesNoOther(type: string, taken = utf8): boolean {
  const charsets = type.toLowerCase().split('charset').length - 1
  return charsets === 0 || (charsets === 1 && taken.test(type))
}
