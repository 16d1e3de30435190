/**
 * Path segments under which providers and gateways keep what only the account holder may use, in any API: keys,
 * tokens, and the people who may have them.
 */
const ofTheHolder = new Set([
  'apikey',
  'apikeys',
  'adminapikeys',
  'auth',
  'authtokens',
  'certificates',
  'clientsecret',
  'clientsecrets',
  'credentials',
  'ephemeralkeys',
  'ephemeraltokens',
  'invites',
  'key',
  'keys',
  'login',
  'oauth',
  'organization',
  'organizations',
  'permissions',
  'rotatesecret',
  'secrets',
  'serviceaccounts',
  'token',
  'tokens',
  'transcriptionsessions',
  'virtualkeys',
])

/** Below these paths the provider gives a caller its own connection or credential, which bypasses Postern. */
const handsOut: readonly (readonly string[])[] = [['realtime'], ['live', 'sessions'], ['chatkit', 'sessions']]

/**
 * Whether a path mints credentials, hands out connections that bypass Postern, or administers the account. Such paths
 * are closed to every caller of every gateway; no setting opens them.
 */
export function isHoldersPath(path: string): boolean {
  const segments = path.split('/').map((segment) => squash(segment))
  return (
    segments.some((segment) => ofTheHolder.has(segment)) ||
    handsOut.some((first) => segments.length > 1 && first.every((segment, index) => segments[index] === segment))
  )
}

/** Whether a path is one of `paths` or lies below one, in any spelling of either that a lenient server accepts. */
export function isBelow(paths: readonly string[], path: string): boolean {
  const spelled = `${plainPath(path)}/`
  return paths.some((above) => spelled.startsWith(`${plainPath(above)}/`))
}

/** The path as the most lenient server reads it: folded, with its escapes decoded, and its dot and empty segments resolved. */
function plainPath(path: string): string {
  const segments: string[] = []
  for (const segment of foldPath(decoded(path)).split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return segments.join('/')
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Removes what lenient servers ignore: case, and parameters of segments (RFC 3986, 3.3). */
export function foldPath(path: string): string {
  return path.toLowerCase().replaceAll(/;[^/]*/g, '')
}

/** Makes `client-secrets`, `client_secrets;v=1` and `Client_Secrets` one name. */
function squash(segment: string): string {
  return foldPath(segment).replaceAll(/[^a-z0-9]/g, '')
}
