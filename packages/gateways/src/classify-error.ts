import { type ErrorCode, errorCodes } from '@postern/protocol'
import type { Dialect, ErrorCondition, ErrorRule } from './dialect.js'
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
  /** The status the client gets. */
  readonly status: number
  /** The gateway's own words, given only where the request itself was wrong: elsewhere they speak to the operator. */
  readonly message?: string | undefined
  /** What else its error says, as it says it, under the same condition: `type`, `code`, `param` and further members. */
  readonly members?: Readonly<Record<string, unknown>> | undefined
  /** Whether the dialect allows Postern to try again, and nothing says that a model ran. */
  readonly mayRetry: boolean
  /** Whether it carries what only a call that ran has. */
  readonly showsRun: boolean
  /** Whether too many calls came from this address. */
  readonly ofAddress: boolean
  readonly about?: ErrorRule['about']
  /** How long the gateway's documents say to wait. */
  readonly retryAfterSeconds?: number | undefined
  /** What the gateway's support asks for. */
  readonly reference?: string | undefined
  /** Whether it has the form of the gateway's own errors: what answers at an address where its API is not, mostly has another. */
  readonly isOwnForm: boolean
}

export interface ErrorClassifier {
  /**
   * Says what an answer with an error status means.
   *
   * @param body Its JSON, a text where it is none, or `undefined` where there are no words.
   * @param header Its headers by lower-case name.
   */
  classify(status: number, body: unknown, header?: (name: string) => string | undefined): GatewayError
  /**
   * Whether a JSON answer, or a record of a stream, with a status of success is an error in place of an answer.
   *
   * @param endpoint Whose answer it is; of a record nothing is known.
   */
  isError(body: unknown, endpoint?: Pick<Endpoint, 'model' | 'object'>): boolean
  /** Whether it tells of a failure: as an error, or as an answer about something that failed. */
  tellsFailure(body: unknown): boolean
}

/** Makes the one place where a gateway's refusals are mapped. */
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
    // Under a status of success, what an error says of itself counts for the status that it would have.
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

/** An error as far as it can be read. */
interface Said {
  readonly status: number
  readonly body: unknown
  readonly message: string | undefined
  readonly code: string | undefined
  readonly type: string | undefined
}

/** About the key, money, what is allowed and the rate: the gateway's words on these are the operator's. */
const notTheCallers = new Set([401, 402, 403, 407, 429, 451])

/** The gateway says that it does not take the request as it is, and not for the account's sake: status and words are the caller's to read. */
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
