import { type ErrorCode, errorCodes } from '@postern/protocol'
import type { Dialect, ErrorRule } from './dialect.js'
import { type CompiledPointer, compilePointer, readAll, readText } from './pointer.js'

/** What a gateway's error means to a client of Postern. */
export interface GatewayError {
  readonly code: ErrorCode
  /** The status the client gets. */
  readonly status: number
  /** The gateway's own words, given only where the request itself was wrong: elsewhere they speak to the operator. */
  readonly message?: string | undefined
  /** The gateway's own code under the same condition. */
  readonly gatewayCode?: string | undefined
}

export interface ErrorClassifier {
  /** Says what an answer with an error status means; `body` is its JSON, or `undefined` where it has none. */
  classify(status: number, body: unknown): GatewayError
  /** Whether a JSON answer or stream record with a status of 200 is an error in disguise. */
  isError(body: unknown): boolean
}

/** Makes the one place where a gateway's refusals are mapped. */
export function createErrorClassifier(dialect: Dialect): ErrorClassifier {
  const places = {
    message: dialect.errors.message.map(compilePointer),
    code: dialect.errors.code.map(compilePointer),
    type: dialect.errors.type.map(compilePointer),
  }
  const error = compilePointer('/error')

  return {
    classify(status, body) {
      const message = firstText(body, places.message)
      const code = firstText(body, places.code)
      const type = firstText(body, places.type)
      const rule = dialect.errors.rules.find((candidate) => holds(candidate, status, message, code, type))
      if (rule !== undefined) return { code: rule.means, status: errorCodes[rule.means].status }
      if (requestIsWrong.has(status)) return { code: 'request_malformed', status, message, gatewayCode: code }
      const shared = meaningOfStatus(status)
      return { code: shared, status: errorCodes[shared].status }
    },
    isError(body) {
      const [found] = readAll(body, error)
      return found !== undefined && found !== false && found !== ''
    },
  }
}

/** The gateway says that the caller's request is wrong: status and words are the caller's to read. */
const requestIsWrong = new Set([400, 404, 405, 406, 409, 410, 411, 413, 414, 415, 416, 417, 422, 431])

function meaningOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 407) return 'gateway_key_rejected'
  if (status === 402) return 'gateway_out_of_credit'
  if (status === 403 || status === 451) return 'gateway_policy_refused'
  if (status === 429) return 'gateway_rate_limited'
  if (status === 408 || status === 504) return 'gateway_timeout'
  if (status === 503 || status === 529) return 'gateway_unavailable'
  if (status >= 300 && status < 400) return 'gateway_answer_invalid'
  return 'gateway_failed'
}

function holds(rule: ErrorRule, status: number, message: string | undefined, code: string | undefined, type: string | undefined): boolean {
  if (rule.status !== undefined && rule.status !== status) return false
  if (rule.name !== undefined && rule.name !== code && rule.name !== type) return false
  return rule.message === undefined || (message !== undefined && rule.message.test(message))
}

function firstText(body: unknown, places: readonly CompiledPointer[]): string | undefined {
  for (const place of places) {
    const text = readText(body, place)
    if (text !== undefined) return text
  }
  return undefined
}
