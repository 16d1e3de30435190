import type { Endpoint } from './endpoint.js'
import { holdsContent, isName, isRecord } from './said.js'
import { accountObject } from './stored-object.js'

/** Whether a document reports a failure: as an error, or as an answer about something that failed. */
export function tellsFailure(body: unknown): boolean {
  return isRecord(body) && (isSaid(body['error']) || isErrorItself(body))
}

/**
 * Whether a document with a status of success is an error in place of an answer. An endpoint that runs no model, or is
 * about an object of the account, may answer with an ordinary member `error`: there, only a document that holds nothing
 * but an error counts.
 */
export function isError(body: unknown, endpoint: Pick<Endpoint, 'model' | 'object'> | undefined): boolean {
  if (!isRecord(body) || !tellsFailure(body)) return false
  return endpoint !== undefined && (accountObject(endpoint) !== undefined || endpoint.model === 'none')
    ? isNothingElse(body)
    : !isAnswer(body)
}

/** Whether a member has content; gateways write an absent error as `null`, `false` or an empty text. */
function isSaid(member: unknown): boolean {
  return member !== undefined && member !== null && member !== false && member !== ''
}

/** `{ "type": "error" }` as in streams of responses and messages, and `{ "object": "error" }` as some servers write it. */
function isErrorItself({ type, object }: Readonly<Record<string, unknown>>): boolean {
  return type === 'error' || object === 'error'
}

/** Members that name the object that was made. A task, file or response that failed still has its name. */
const names = ['id', 'object', 'task_id', 'taskId', 'response_id', 'generation_id']

/** Members that hold what was made. */
const contents = ['choices', 'output', 'data', 'content', 'candidates', 'results', 'embeddings', 'images']

/**
 * Whether a document that reports a failure is an answer all the same. It is one if it names an object or holds
 * content: something was made, and after an error in its place clients would make it again.
 */
function isAnswer(body: Readonly<Record<string, unknown>>): boolean {
  if (isErrorItself(body)) return false
  if (names.some((name) => isName(body[name]))) return true
  // A long-running operation of Google's APIs: it has a name and says whether it is done.
  if (isName(body['name']) && typeof body['done'] === 'boolean') return true
  return contents.some((name) => holdsContent(body[name]))
}

/** Members of an error's envelope. */
const ofEnvelopes = new Set(
  'error errors message msg detail details code type param success ok request_id requestId trace_id event_id timestamp path'.split(' '),
)

/** Whether the document holds nothing but an error's envelope. */
function isNothingElse(body: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(body).every(([name, value]) => {
    if (ofEnvelopes.has(name) || !isSaid(value) || (Array.isArray(value) && value.length === 0)) return true
    if (name === 'object') return value === 'error'
    return (name === 'status' || name === 'statusCode' || name === 'status_code') && (typeof value === 'number' || value === 'error')
  })
}
