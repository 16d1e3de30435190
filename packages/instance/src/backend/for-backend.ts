import type { IncomingMessage } from 'node:http'
import { answerRefusal, apiHeaders, type RefusalAnswer, tagRefused } from '@postern/core'
import { Refusal } from '@postern/ports'
import { type ErrorCode, errorCodes, serializeGovernance } from '@postern/protocol'
import { nextUlid } from '../doors/next-ulid.js'
import { noteEnding } from './noted-ends.js'

/** Builds the answer to a client if the backend gave none or was not asked: a page if `Accept` names `text/html`, else JSON. Notes it. */
export function refuseForBackend(error: unknown, request: IncomingMessage): RefusalAnswer {
  const { headers } = request
  const refusal = error instanceof Refusal ? error : failureOf(error)
  const asPage = /\btext\/html\b/.test(headers.accept ?? '')
  const { requestId } = tagRefused({ ulid: nextUlid(), headers })
  noteEnding(request, { code: refusal.code, status: refusal.status, requestId, cause: causeOf(error) })
  return answerRefusal(refusal, {
    requestId,
    record: serializeGovernance({ request_id: requestId, attempt: 0, finish: 'refused' }),
    page: asPage ? pageOf(refusal.status, refusal.message, errorCodes[refusal.code].help) : undefined,
    always: asPage ? pageHeaders : apiHeaders,
  })
}

function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Refusal ? error.details.cause : error
  if (cause === undefined) return error instanceof Refusal ? error.details.message : undefined
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : undefined
  return 'code' in cause ? `${String(cause.code)}: ${cause.message}` : cause.message
}

function failureOf(error: unknown): Refusal {
  const code = meaningOf(error)
  return new Refusal(code, code === 'backend_unavailable' ? { retryAfterSeconds: 1 } : {})
}

/** Security headers of the page, which has one inline style and nothing else. No HSTS: only the backend may bind its host. */
const pageHeaders = [
  'Content-Security-Policy',
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'X-Content-Type-Options',
  'nosniff',
  'X-Frame-Options',
  'SAMEORIGIN',
  'Referrer-Policy',
  'no-referrer',
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Cross-Origin-Resource-Policy',
  'same-origin',
  'Origin-Agent-Cluster',
  '?1',
  'X-DNS-Prefetch-Control',
  'off',
  'X-Download-Options',
  'noopen',
  'X-Permitted-Cross-Domain-Policies',
  'none',
  'X-XSS-Protection',
  '0',
]

/** Maps the error of a call to the backend to the code of the refusal. */
export function meaningOf(error: unknown): ErrorCode {
  const wire = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (timeouts.has(wire)) return 'backend_timeout'
  return unreachable.has(wire) ? 'backend_unavailable' : 'backend_failed'
}

const timeouts = new Set(['ETIMEDOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'])

const unreachable = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES'])

function pageOf(status: number, title: string, help: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${status}</title><style>body{font:1rem/1.5 system-ui;margin:4rem auto;max-width:32rem;padding:0 1rem}</style><h1>${title}</h1><p>${help}</p></html>\n`
}
