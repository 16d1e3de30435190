import { Refusal } from '@postern/ports'

/**
 * Maps a failed connection to a refusal; no other module maps such errors. Whether the gateway may have run the call depends
 * on what was sent and received before the failure, which `GatewayCall` knows.
 *
 * @param origin The gateway's origin, if no byte of an answer arrived. For an `http:` origin the cause then hints at TLS: a
 *   TLS server closes a connection with plain HTTP.
 */
export function classifyFailure(error: unknown, origin?: string): Refusal {
  if (error instanceof Refusal) return error
  const code = codeOf(error)
  if (code !== undefined && timeouts.has(code)) return new Refusal('gateway_timeout', { cause: error })
  if (code !== undefined && (unreachable.has(code) || noHandshake.test(code)))
    return new Refusal('gateway_unavailable', { cause: error, mayRetry: neverConnected(error) })
  const message = isUnreadable(error, code)
    ? 'The gateway answered with what is no HTTP that can be read.'
    : 'The gateway broke off before it answered.'
  return new Refusal('gateway_failed', {
    message,
    cause: mayWantTls(error, code, origin) ? `${code}: ${error.message}; ${orTls(origin)}` : error,
  })
}

function orTls(origin: string | undefined): string {
  return `if what answers at ${origin} speaks TLS, write https:// in place of http://`
}

function mayWantTls(error: unknown, code: string | undefined, origin: string | undefined): error is Error {
  return error instanceof Error && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') && origin?.startsWith('http:') === true
}

/**
 * Whether an answer began and undici rejected it: a status 100 without `Expect`, a 101, or a head that is too large or
 * malformed.
 */
function isUnreadable(error: unknown, code: string | undefined): boolean {
  if (!(error instanceof Error)) return false
  if (code === 'UND_ERR_SOCKET') return error.message === 'bad response' || error.message === 'bad upgrade'
  return code === 'UND_ERR_HEADERS_OVERFLOW' || error.name === 'HTTPParserError'
}

/**
 * Whether no connection was made, for a reason that may pass: nothing was sent, so another attempt is safe. The same codes
 * also occur on connections with a request in flight; `syscall` tells the two apart.
 */
function neverConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverConnected)
  if (typeof error !== 'object' || error === null || !('code' in error) || !('syscall' in error)) return false
  return passing.has(String(error.code)) && (error.syscall === 'connect' || error.syscall === 'getaddrinfo')
}

const passing = new Set(['ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

const timeouts = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'])

/** The TLS handshake failed, as with a server that speaks plain HTTP: nothing was sent. */
const noHandshake = /^(?:EPROTO$|ERR_SSL_)/

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_PROXY_REFUSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
])

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  // Happy Eyeballs tried several addresses: use the first error.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
