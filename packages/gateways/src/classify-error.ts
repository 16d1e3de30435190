import { type ErrorCode, errorCodes } from '@postern/protocol'
import type { ErrorCondition } from './error-condition.js'
import type { Dialect, ErrorRule } from './dialect.js'
import type { Endpoint } from './endpoint.js'
import { isError, tellsFailure } from './error-in-answer.js'
import { createMembersOfError } from './error-members.js'
import { wordsOf } from './error-words.js'
import { type CompiledPointer, compilePointer, readAll, readText } from './pointer.js'
import { createRunSigns } from './run-signs.js'
import { statusSaid } from './status-said.js'

/** What a gateway's error means to a client of Postern. */
export interface GatewayError {
  readonly code: ErrorCode
  /** The status that the client gets. */
  readonly status: number
  /** The gateway's own message, only if the request itself was wrong; other messages are for the operator. */
  readonly message?: string | undefined
  /** Further members of the gateway's error under the same condition: `type`, `code`, `param` and others, unchanged. */
  readonly members?: Readonly<Record<string, unknown>> | undefined
  /** Whether Postern may retry: `retries.after` of the dialect allows it, and nothing shows that a model ran. */
  readonly mayRetry: boolean
  /** Whether the error carries something that only a call that ran has, such as token counts. */
  readonly showsRun: boolean
  /** Whether the gateway refused because too many calls came from this address (`addressLimit.exceeded`). */
  readonly ofAddress: boolean
  readonly about?: ErrorRule['about']
  /** How long to wait, according to the gateway's documents. */
  readonly retryAfterSeconds?: number | undefined
  /** The id that the gateway's support asks for. */
  readonly reference?: string | undefined
  /**
   * Whether it has the form of the gateway's own errors. If the base URL is wrong, another server answers, mostly in
   * another form.
   */
  readonly isOwnForm: boolean
}

/** Reads a gateway's errors by the rules of its dialect. Never throws. */
export interface ErrorClassifier {
  /**
   * Returns what an answer with an error status means.
   *
   * @param body Its JSON; its text, if it is not JSON; `undefined`, if it is empty.
   * @param header Reads its headers by lower-case name.
   */
  classify(status: number, body: unknown, header?: (name: string) => string | undefined): GatewayError
  /**
   * Whether a JSON answer, or an event of a stream, is an error in place of an answer although the status is a
   * success.
   *
   * @param endpoint The endpoint of the answer; `undefined` for an event.
   */
  isError(body: unknown, endpoint?: Pick<Endpoint, 'model' | 'object'>): boolean
  /** Whether it reports a failure: as an error, or as an answer about something that failed. */
  tellsFailure(body: unknown): boolean
}

/** Compiles the error rules of a dialect. Every refusal of a gateway is mapped here and nowhere else. */
export function createErrorClassifier(dialect: Dialect): ErrorClassifier {
  const { errors, retries } = dialect
  const places = {
    message: errors.message.map(compilePointer),
    code: errors.code.map(compilePointer),
    type: errors.type.map(compilePointer),
    reference: (errors.reference ?? []).map(compilePointer),
  }
  const ownForm = [...errors.message.slice(0, 1), ...errors.code, ...errors.type].map(compilePointer)
  const rules = errors.rules.map((rule) => ({ rule, holds: compileCondition(rule) }))
  const mayRetry = retries.after.map(compileCondition)
  const showsRun = createRunSigns(dialect)
  const ofAddress = dialect.addressLimit?.exceeded === undefined ? () => false : compileCondition(dialect.addressLimit.exceeded)
  const membersOf = createMembersOfError(dialect)

  function meaningOf(said: Said): Pick<GatewayError, 'code' | 'status' | 'message' | 'members' | 'about' | 'retryAfterSeconds'> {
    const found = rules.find(({ holds }) => holds(said))?.rule
    if (found !== undefined) {
      const { means, about, retryAfterSeconds } = found
      return { code: means, status: errorCodes[means].status, ...(about === undefined ? {} : { about }), retryAfterSeconds }
    }
    const { status, body } = said
    // If the HTTP status is a success, the status that the error itself names counts.
    const meant = status < 300 ? statusSaid(body) : undefined
    if (meant !== undefined) return meaningOf({ ...said, status: meant })
    if (keepsStatus(status)) {
      const code = status === 408 ? 'gateway_timeout' : 'request_malformed'
      return { code, status, message: wordsOf(body) ?? said.message, members: membersOf(body, said.code) }
    }
    const shared = meaningOfStatus(said.status)
    return { code: shared, status: errorCodes[shared].status }
  }

  return {
    classify(status, body, header) {
      const said: Said = {
        status,
        body,
        message: firstText(body, places.message),
        code: firstText(body, places.code),
        type: firstText(body, places.type),
      }
      const meaning = meaningOf(said)
      const ran = showsRun(body, header)
      return {
        ...meaning,
        mayRetry: !ran && errorCodes[meaning.code].retryable && mayRetry.some((holds) => holds(said)),
        showsRun: ran,
        ofAddress: ofAddress(said),
        reference: firstText(body, places.reference),
        isOwnForm: firstText(body, ownForm) !== undefined,
      }
    },
    isError,
    tellsFailure,
  }
}

/** What could be read of an error. */
interface Said {
  readonly status: number
  readonly body: unknown
  readonly message: string | undefined
  readonly code: string | undefined
  readonly type: string | undefined
}

/** Statuses about the key, money, permission and rate: the gateway's words on these are for the operator. */
const notTheCallers = new Set([401, 402, 403, 407, 429, 451])

/** Whether the request itself is wrong, and not the account: then the caller gets the gateway's status and words. */
function keepsStatus(status: number): boolean {
  return status >= 400 && status < 500 && !notTheCallers.has(status)
}

function meaningOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 407) return 'gateway_key_rejected'
  if (status === 402) return 'gateway_out_of_credit'
  if (status === 403 || status === 451) return 'gateway_policy_refused'
  if (status === 429) return 'gateway_rate_limited'
  if (status === 504) return 'gateway_timeout'
  if (status === 503 || status === 529) return 'gateway_unavailable'
  if (status >= 300 && status < 400) return 'gateway_answer_invalid'
  return 'gateway_failed'
}

function compileCondition({ status, name, message, has, lacks }: ErrorCondition): (said: Said) => boolean {
  const present = has === undefined ? undefined : compilePointer(has)
  const absent = lacks === undefined ? undefined : compilePointer(lacks)
  return (said) =>
    (status === undefined || status === said.status) &&
    (name === undefined || name === said.code || name === said.type) &&
    (message === undefined || (said.message !== undefined && message.test(said.message))) &&
    (present === undefined || readAll(said.body, present).length > 0) &&
    (absent === undefined || readAll(said.body, absent).length === 0)
}

function firstText(body: unknown, places: readonly CompiledPointer[]): string | undefined {
  for (const place of places) {
    const text = readText(body, place)
    if (text !== undefined) return text
  }
  return undefined
}
