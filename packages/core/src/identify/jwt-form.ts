import { sessionToken } from '@postern/protocol'

const compactJwt = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

/** Headers that were read; issuers have few, and clients may send any. */
const rememberedHeaders = 1024
const longestRemembered = 512
type Kind = 'session' | 'other'

const kinds = new Map<string, Kind>()

/**
 * Says from a token's header which kind of JWT it is; `undefined`: no JWT (RFC 7519, 3).
 *
 * The kind alone decides which verifier is asked, and its word is final: a session token that fails is not
 * tried as somebody else's.
 */
export function kindOfJwt(credential: string): Kind | undefined {
  const header = compactJwt.exec(credential)?.[1]
  if (header === undefined) return undefined
  const known = kinds.get(header)
  if (known !== undefined) return known
  const kind = kindOfHeader(header)
  if (kind !== undefined && header.length <= longestRemembered && kinds.size < rememberedHeaders) kinds.set(header, kind)
  return kind
}

/** A header is an object that says an algorithm (RFC 7515, 4.1.1); a credential with two dots in it is none. */
function kindOfHeader(header: string): Kind | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as {
      readonly typ?: unknown
      readonly alg?: unknown
    } | null
    if (typeof parsed?.alg !== 'string') return undefined
    return typeof parsed.typ === 'string' && parsed.typ.toLowerCase() === sessionToken.type ? 'session' : 'other'
  } catch {
    return undefined
  }
}
