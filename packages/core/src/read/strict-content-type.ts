import type { IncomingHttpHeaders } from 'node:http'
import { Refusal } from '../refusal.js'

/**
 * Refuses a body that is packed: what stands in it would be read by the gateway and not here.
 *
 * @throws {Refusal} 415 `media_type_unsupported`, which says what is taken (RFC 9110, 12.5.3 and 15.5.16).
 */
export function refusePackedBody({ 'content-encoding': encoding }: IncomingHttpHeaders): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw packedBody()
}

/** What a request gets that says that its body is packed. */
export function packedBody(): Refusal {
  return new Refusal('media_type_unsupported', {
    message: 'Bodies are taken as they are, not compressed.',
    help: 'Send it without Content-Encoding.',
    param: 'Content-Encoding',
    headers: ['Accept-Encoding', 'identity'],
  })
}

/**
 * Refuses JSON that a gateway would read differently than policy does: in another alphabet, or packed.
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
 * A type with its parameters (RFC 9110, 8.3.1), and nothing in quotes that needs a second look. Blanks belong to
 * what stands before them, so that there is one way to read a text and no time to be had by another.
 */
const wellFormed = new RegExp(String.raw`^\s*[^\s;,"]+\s*(?:;\s*(?:${token}\s*=\s*(?:${token}|"[^"\\]*")\s*)?)*$`)

const utf8 = /;\s*charset\s*=\s*(?:utf-?8|"utf-?8")\s*(?:;|$)/i

/** Whether a type says nothing of an alphabet, or once that it is UTF-8; whoever looks for the word elsewhere finds none. */
function isUtf8Type(type: string): boolean {
  if (!wellFormed.test(type)) return false
  const said = type.toLowerCase().split('charset').length - 1
  return said === 0 || (said === 1 && utf8.test(type))
}
