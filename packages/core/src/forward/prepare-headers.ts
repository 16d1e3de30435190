import type { Arrival } from '@postern/ports'
import { headerNames } from '@postern/protocol'
import { connectionNames } from '../lib/connection-names.js'
import type { Permit } from '../police/permit.js'
import type { Tags } from '../tag/tag.js'
import type { PreparedKey } from './prepare-key.js'

/**
 * Writes the request headers for the gateway, name and value in turn: the caller's allowed ones, Postern's own, and last the
 * credential.
 *
 * @param open The endpoint needs no key, so none is sent.
 */
export function prepareHeaders(arrival: Arrival, permit: Permit, tags: Tags, key: PreparedKey, open: boolean): string[] {
  const { rawHeaders } = arrival
  const named = connectionNames(arrival.headers.connection)
  const headers: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    // Remove the headers named in `Connection` (RFC 9110, 7.6.1) before adding the credential: otherwise a client's
    // `Connection: x-api-key` could remove the credential.
    if (key.isDropped(name) || named?.has(name.toLowerCase()) === true) continue
    headers.push(name, rawHeaders[index + 1] as string)
  }
  if (Buffer.isBuffer(permit.body)) headers.push('content-length', String(permit.body.length))
  else if (permit.body !== null && arrival.headers['content-length'] !== undefined)
    headers.push('content-length', arrival.headers['content-length'])
  // `identity`, because the tap and the search for keys cannot read compressed answers.
  headers.push('accept-encoding', 'identity', headerNames.requestId, tags.requestId, headerNames.traceparent, tags.trace.traceparent)
  const { tracestate } = arrival.headers
  if (tags.trace.continued && typeof tracestate === 'string') headers.push(headerNames.tracestate, tracestate)
  if (tags.idempotencyKey !== undefined) headers.push('Idempotency-Key', tags.idempotencyKey)
  if (permit.headers !== undefined) headers.push(...permit.headers)
  if (!open) headers.push(...key.credentialHeaders)
  return headers
}
