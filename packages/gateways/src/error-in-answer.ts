import type { Endpoint } from './endpoint.js'
import { holdsContent, isName, isRecord } from './said.js'

/** Whether a document tells of a failure: as an error, or as an answer about something that failed. */
export function tellsFailure(body: unknown): boolean {
  return isRecord(body) && (isSaid(body['error']) || isErrorItself(body))
}

/**
 * Whether a document under a status of success is an error in place of an answer. What is kept at the provider, or only
 * read, may have a member `error` like any other: there only what says nothing else is one.
 */
export function isError(body: unknown, endpoint: Pick<Endpoint, 'model' | 'object'> | undefined): boolean {
  if (!isRecord(body) || !tellsFailure(body)) return false
  return endpoint !== undefined && (endpoint.object !== undefined || endpoint.model === 'none') ? isNothingElse(body) : !isAnswer(body)
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

/** Members of an error's envelope. */
const ofEnvelopes = new Set(
  'error errors message msg detail details code type param success ok request_id requestId trace_id event_id timestamp path'.split(' '),
)

function isNothingElse(body: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(body).every(([name, value]) => {
    if (ofEnvelopes.has(name) || !isSaid(value) || (Array.isArray(value) && value.length === 0)) return true
    if (name === 'object') return value === 'error'
    return (name === 'status' || name === 'statusCode' || name === 'status_code') && (typeof value === 'number' || value === 'error')
  })
}
