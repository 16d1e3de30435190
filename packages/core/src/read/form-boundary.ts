import { Refusal } from '@postern/ports'
import { namesNoOther, utf8Name } from './strict-content-type.js'

/** The `boundary` of a `multipart/*` type (RFC 2046, 5.1.1). */
const boundaryParameter = /;\s*boundary\s*=\s*(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i
const anyBoundary = /boundary[\s*\d]*=/gi
const plainBoundary = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/
/**
 * The type of a form: besides its boundary it may say that it is written in UTF-8, and nothing else. By another `charset`,
 * or a parameter that we do not know, a server could read other names and values than Postern. Each blank belongs to the
 * token before it, so the pattern matches a text in one way only and does not backtrack.
 */
const formType = new RegExp(
  String.raw`^\s*[^\s;,"]+\s*(?:;\s*(?:(?:boundary\s*=\s*(?:"[^"\\]{1,70}"|[^\s;"]{1,70})|charset\s*=\s*${utf8Name})\s*)?)*$`,
  'i',
)

/**
 * Reads the boundary of a form.
 *
 * @throws {Refusal} 400 `request_malformed` if there is not exactly one valid boundary, or if the type says more than that and
 *   that the form is UTF-8.
 */
export function readBoundary(contentType: string): string {
  const found = boundaryParameter.exec(contentType)
  const boundary = found?.[1] ?? found?.[2] ?? ''
  if (contentType.match(anyBoundary)?.length !== 1 || !plainBoundary.test(boundary))
    throw new Refusal('request_malformed', { message: 'The type of a form names its boundary, once.', param: 'Content-Type' })
  if (!formType.test(contentType) || !namesNoOther(contentType))
    throw new Refusal('request_malformed', {
      message: 'The Content-Type of a form has a boundary and at most charset=utf-8.',
      param: 'Content-Type',
    })
  return boundary
}
