/**
 * Names of path segments behind which providers and gateways keep what nobody but the account's holder has any
 * business with, whichever API it is: keys and tokens, and whoever may have them.
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

/** Below these a caller is handed a connection or a credential of its own to the provider, which nothing here sees any more. */
const handsOut: readonly (readonly string[])[] = [['realtime'], ['live', 'sessions'], ['chatkit', 'sessions']]

/**
 * Whether a path mints credentials, hands out connections past Postern or administers the account: closed to every caller
 * of every gateway, and no setting opens it.
 */
export function isHoldersPath(path: string): boolean {
  const segments = path.split('/').map((segment) => squash(segment))
  return (
    segments.some((segment) => ofTheHolder.has(segment)) ||
    handsOut.some((first) => segments.length > 1 && first.every((segment, index) => segments[index] === segment))
  )
}

/** Whether a path is one of these or lies below one, in whatever spelling a server could take for it. */
export function isBelow(paths: readonly string[], path: string): boolean {
  if (paths.length === 0) return false
  const spelled = `${foldPath(path)}/`
  return paths.some((above) => spelled.startsWith(`${above}/`))
}

/** What servers that are not strict take for the same: no case, no parameters of segments (RFC 3986, 3.3). */
export function foldPath(path: string): string {
  return path.toLowerCase().replaceAll(/;[^/]*/g, '')
}

/** `client-secrets`, `client_secrets;v=1` and `Client_Secrets` are one name. */
function squash(segment: string): string {
  return foldPath(segment).replaceAll(/[^a-z0-9]/g, '')
}
