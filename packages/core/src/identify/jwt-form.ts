import { sessionToken } from '@postern/protocol'

const compactJwt = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

/** Headers that were read; issuers have few, and clients may send any. */
const rememberedHeaders = 1024
const longestRemembered = 512
const kinds = new Map<string, 'session' | 'other'>()

/**
 * Says from a token's header which kind of JWT it is; `undefined`: no JWT (RFC 7519, 3).
 *
 * The kind alone decides which verifier is asked, and its word is final: a session token that fails is not
 * tried as somebody else's.
 */
export function kindOfJwt(credential: string): 'session' | 'other' | undefined {
  const header = compactJwt.exec(credential)?.[1]
  if (header === undefined) return undefined
  const known = kinds.get(header)
  if (known !== undefined) return known
  const kind = typeOf(header)?.toLowerCase() === sessionToken.type ? 'session' : 'other'
  if (header.length <= longestRemembered && kinds.size < rememberedHeaders) kinds.set(header, kind)
  return kind
}

function typeOf(header: string): string | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { readonly typ?: unknown } | null
    return typeof parsed?.typ === 'string' ? parsed.typ : undefined
  } catch {
    return undefined
  }
}
