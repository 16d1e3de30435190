import type { Dialect } from './dialect.js'
import { compilePointer, readAll, readNumber } from './pointer.js'
import { holdsContent, isName, isRecord } from './said.js'

/** Members that count what was used, or what it cost. */
const accounts = ['usage', 'usageMetadata', 'billing', 'cost']

/** Members that hold what a model made, and nothing else. */
const made = ['choices', 'output', 'candidates', 'embeddings', 'images']

/** Where gateways keep accounts, besides the outermost object: `name[]` as in a pointer. */
const around = (['/error', '/metadata[]', '/response', '/message', '/data'] as const).map(compilePointer)

/** How deep an account is looked into: `{ "usage": { "details": { "cached": 1 } } }`. */
const deepestCount = 3

/**
 * Compiles a look for what an error carries only where a model ran: which model was used, what was counted or billed, what
 * was made. Whatever such an error is called, the call is not made again.
 */
export function createRunSigns(dialect: Dialect): (body: unknown, header?: (name: string) => string | undefined) => boolean {
  const { headers, body: places } = dialect.governance
  const { usage, cost } = places
  const counts = [...(usage?.input ?? []), ...(usage?.output ?? []), ...(usage?.total ?? []), ...(cost === undefined ? [] : [cost.amount])]
  const compiled = counts.map(compilePointer)
  return (body, header) => {
    if (headers.model !== undefined && isName(header?.(headers.model))) return true
    if (!isRecord(body)) return false
    if (made.some((name) => holdsContent(body[name])) || (isName(body['id']) && Array.isArray(body['choices']))) return true
    if (compiled.some((place) => (readNumber(body, place) ?? 0) > 0)) return true
    if ([body, body['response'], body['data']].some((place) => isRecord(place) && isThing(place))) return true
    return [body, ...around.flatMap((place) => readAll(body, place))].some(
      (place) => isRecord(place) && accounts.some((name) => counted(place[name], deepestCount)),
    )
  }
}

/** Ids that only what was begun has; a request has an `id` of its own, whatever became of it. */
const idsOfThings = ['task_id', 'taskId', 'response_id', 'generation_id']

/** Whether it is about something that was made and has a name: a response that failed, a task, a job. */
function isThing(place: Readonly<Record<string, unknown>>): boolean {
  const { id, name, object, status, done } = place
  if (idsOfThings.some((each) => isName(place[each]))) return true
  if (isName(name) && typeof done === 'boolean') return true
  return isName(id) && ((isName(object) && object !== 'error') || (typeof status === 'string' && endings.has(status)))
}

/** How a thing says that it began and came to nothing. */
const endings = new Set(['failed', 'incomplete', 'cancelled', 'canceled', 'expired'])

/** Whether something was counted: a gateway may write an account of nothing beside any error. */
function counted(value: unknown, depth: number): boolean {
  if (typeof value === 'number') return value > 0
  if (typeof value === 'string') return Number(value) > 0
  return depth > 0 && typeof value === 'object' && value !== null && Object.values(value).some((each) => counted(each, depth - 1))
}
