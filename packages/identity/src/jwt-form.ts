import { sessionToken, tokenType } from '@postern/protocol'

const compactJwt = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

/** Bounds of the memo: JWT headers, and characters of one. Issuers use few headers, but clients may send any. */
const rememberedHeaders = 1024
const maxRememberedChars = 512
type Kind = 'session' | 'other'

const kinds = new Map<string, Kind>()

/**
 * The kind of a JWT, by its header: `session` if `typ` is `postern-session+jwt`. `undefined`: not a JWT (RFC 7519, 3).
 *
 * The kind alone decides which verifier is asked. If that one refuses the token, no other verifier is asked.
 */
export function kindOfJwt(credential: string): Kind | undefined {
  const header = compactJwt.exec(credential)?.[1]
  if (header === undefined) return undefined
  const known = kinds.get(header)
  if (known !== undefined) return known
  const kind = kindOfHeader(header)
  if (kind !== undefined && header.length <= maxRememberedChars && kinds.size < rememberedHeaders) kinds.set(header, kind)
  return kind
}

/** A JWT's header is a JSON object with `alg` (RFC 7515, 4.1.1). A service credential may also have two dots in it. */
function kindOfHeader(header: string): Kind | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as {
      readonly typ?: unknown
      readonly alg?: unknown
    } | null
    if (typeof parsed?.alg !== 'string') return undefined
    return tokenType(parsed.typ) === sessionToken.type ? 'session' : 'other'
  } catch {
    return undefined
  }
}
