import type { Dialect } from './dialect.js'
import { endpointsOf } from './endpoint.js'
import { compilePointer, type Pointer, readAll, readNumber } from './pointer.js'
import { holdsContent, isName, isRecord } from './said.js'
import { callerObject } from './stored-object.js'

/** Members that count what was used, or what it cost. */
const accounts = ['usage', 'usageMetadata', 'billing', 'cost']

/** Members that hold only what a model made. */
const made = ['choices', 'output', 'candidates', 'embeddings', 'images']

/** Where gateways put such counts, besides the outermost object. */
const around = (['/error', '/metadata[]', '/response', '/message', '/data'] as const).map(compilePointer)

/** How many levels deep a count is searched: `{ "usage": { "details": { "cached": 1 } } }`. */
const deepestCount = 3

/**
 * Compiles a check whether an error carries what only a call that ran has: the model or provider that was used, several
 * attempts, counts or a cost above 0, content, or a thing that was begun. After such an error, whatever its code, Postern does
 * not repeat the call. Every place that the dialect names for one of these is looked at.
 */
export function createRunSigns(dialect: Dialect): (body: unknown, header?: (name: string) => string | undefined) => boolean {
  const { headers, body: places } = dialect.governance
  const { usage, cost } = places
  const compileAll = (pointers: readonly Pointer[] = []) => pointers.map(compilePointer)
  const counts = compileAll([
    ...(usage?.input ?? []),
    ...(usage?.output ?? []),
    ...(usage?.total ?? []),
    ...(cost === undefined ? [] : [cost.amount]),
  ])
  const used = compileAll([...(places.model ?? []), ...(places.provider ?? [])])
  const attempts = compileAll(places.attempts)
  const ofThings = [...new Set([...idsOfThings, ...idsOfCallerObjects(dialect)])]
  const usedInHead = [headers.model, headers.provider].filter((name) => name !== undefined)
  const saysInHead = (header: (name: string) => string | undefined): boolean =>
    usedInHead.some((name) => isName(header(name))) || (headers.attempts !== undefined && Number(header(headers.attempts)) > 1)
  return (body, header) => {
    if (header !== undefined && saysInHead(header)) return true
    if (!isRecord(body)) return false
    if (made.some((name) => holdsContent(body[name])) || (isName(body['id']) && Array.isArray(body['choices']))) return true
    if (counts.some((place) => (readNumber(body, place) ?? 0) > 0)) return true
    if (used.some((place) => readAll(body, place).some(isName))) return true
    if (attempts.some((place) => readAll(body, place).some((number) => Number(number) > 1))) return true
    if ([body, body['error'], body['response'], body['data']].some((place) => isRecord(place) && isThing(place, ofThings))) return true
    return [body, ...around.flatMap((place) => readAll(body, place))].some(
      (place) => isRecord(place) && accounts.some((name) => counted(place[name], deepestCount)),
    )
  }
}

/** What only a thing that was begun has: its id, or where its status is asked for. A request has an `id` even if nothing ran. */
const idsOfThings = ['task_id', 'taskId', 'response_id', 'generation_id', 'poll_url', 'polling_url', 'status_url']

/** The members in which answers of this dialect have the ids of objects that belong to callers. */
function idsOfCallerObjects({ endpoints }: Dialect): string[] {
  return Object.values(endpoints)
    .flatMap(endpointsOf)
    .flatMap((endpoint) => callerObject(endpoint)?.ids ?? [])
    .map((pointer) => pointer.slice(1))
}

/** Whether it describes an object that was made and has a name: a response that failed, a task, a job. */
function isThing(place: Readonly<Record<string, unknown>>, ids: readonly string[]): boolean {
  const { id, name, object, status, done } = place
  if (ids.some((each) => isName(place[each]))) return true
  if (isName(name) && typeof done === 'boolean') return true
  return isName(id) && ((isName(object) && object !== 'error') || (typeof status === 'string' && endings.has(status)))
}

/** The `status` of an object that began and failed. */
const endings = new Set(['failed', 'incomplete', 'cancelled', 'canceled', 'expired'])

/** Whether any number is above 0: a gateway may send counts of 0 with any error. */
function counted(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return value > 0
  if (typeof value === 'string') return Number(value) > 0
  return depth > 0 && typeof value === 'object' && value !== null && Object.values(value).some((each) => counted(each, depth - 1))
}
