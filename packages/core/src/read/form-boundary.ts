import { Refusal } from '../refusal.js'

/** The `boundary` of a `multipart/*` type (RFC 2046, 5.1.1). */
const boundaryParameter = /;\s*boundary\s*=\s*(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i
const anyBoundary = /boundary[\s*\d]*=/gi
const plainBoundary = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/

/**
 * Reads the boundary of a form.
 *
 * @throws {Refusal} 400 `request_malformed` if there is not exactly one valid boundary.
 */
export function readBoundary(contentType: string): string {
  const found = boundaryParameter.exec(contentType)
  const boundary = found?.[1] ?? found?.[2] ?? ''
  if (contentType.match(anyBoundary)?.length !== 1 || !plainBoundary.test(boundary))
    throw new Refusal('request_malformed', { message: 'The type of a form names its boundary, once.', param: 'Content-Type' })
  return boundary
}
