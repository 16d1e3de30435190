import { Refusal } from '../refusal.js'

/** What it means that no answer came. The only place where failures of the wire are mapped. */
export function classifyFailure(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const code = codeOf(error)
  if (code !== undefined && timeouts.has(code)) return new Refusal('gateway_timeout', { cause: error })
  if (code !== undefined && unreachable.has(code)) return new Refusal('gateway_unavailable', { cause: error, mayRetry: passing.has(code) })
  return new Refusal('gateway_failed', { message: 'The gateway broke off before it answered.', cause: error })
}

/** No connection came about, so nothing was sent, and the next one may. */
const passing = new Set(['ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

const timeouts = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'])

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
])

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  // Several addresses were tried: each has its own error, and the first speaks for them.
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
