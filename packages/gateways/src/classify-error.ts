import { type ErrorCode, errorCodes } from '@postern/protocol'
import type { Dialect, ErrorCondition, ErrorRule } from './dialect.js'
import { type CompiledPointer, compilePointer, readAll, readText } from './pointer.js'
import { createRunSigns } from './run-signs.js'
import { holdsContent, isName, isRecord } from './said.js'

/** What a gateway's error means to a client of Postern. */
export interface GatewayError {
  readonly code: ErrorCode
  /** The status the client gets. */
  readonly status: number
  /** The gateway's own words, given only where the request itself was wrong: elsewhere they speak to the operator. */
  readonly message?: string | undefined
  /** The gateway's own code under the same condition. */
  readonly gatewayCode?: string | undefined
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
   * @param body Its JSON, or `undefined` where it has none.
   * @param header Its headers by lower-case name.
   */
  classify(status: number, body: unknown, header?: (name: string) => string | undefined): GatewayError
  /** Whether a JSON answer, or a record of a stream, with a status of success is an error in place of an answer. */
  isError(body: unknown): boolean
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
  const tellsFailure = (body: unknown): boolean => isRecord(body) && (isSaid(body['error']) || isErrorItself(body))

  function meaningOf(said: Said): Pick<GatewayError, 'code' | 'status' | 'message' | 'gatewayCode' | 'about' | 'retryAfterSeconds'> {
    const found = rules.find(({ holds }) => holds(said))?.rule
    if (found !== undefined) {
      const { means, about, retryAfterSeconds } = found
      return { code: means, status: errorCodes[means].status, ...(about === undefined ? {} : { about }), retryAfterSeconds }
    }
    if (requestIsWrong.has(said.status)) {
      return { code: 'request_malformed', status: said.status, message: said.message, gatewayCode: said.code }
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
    isError: (body) => tellsFailure(body) && !isAnswer(body as Readonly<Record<string, unknown>>),
    tellsFailure,
  }
}

/** Whether a member says something; gateways write an absent error as `null`, `false` or an empty text. */
function isSaid(member: unknown): boolean {
  return member !== undefined && member !== null && member !== false && member !== ''
}

/** `{ "type": "error" }` as in streams of responses and messages, and `{ "object": "error" }` as some servers write it. */
function isErrorItself({ type, object }: Readonly<Record<string, unknown>>): boolean {
  return type === 'error' || object === 'error'
}

/** Members that name the thing that was made; a task, a file or a response that failed has its name all the same. */
const names = ['id', 'object', 'task_id', 'taskId', 'response_id', 'generation_id']

/** Members that hold what was made. */
const contents = ['choices', 'output', 'data', 'content', 'candidates', 'results', 'embeddings', 'images']

/**
 * Whether a document that tells of a failure is an answer all the same. It is where it names a thing or holds
 * content: something was made, and an error in its place would have clients make it again.
 */
function isAnswer(body: Readonly<Record<string, unknown>>): boolean {
  if (isErrorItself(body)) return false
  if (names.some((name) => isName(body[name]))) return true
  // A long-running operation of Google's APIs: named, and done or not.
  if (isName(body['name']) && typeof body['done'] === 'boolean') return true
  return contents.some((name) => holdsContent(body[name]))
}

/** An error as far as it can be read. */
interface Said {
  readonly status: number
  readonly body: unknown
  readonly message: string | undefined
  readonly code: string | undefined
  readonly type: string | undefined
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
