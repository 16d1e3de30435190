import {
  callerObject,
  createEndpointTable,
  type Dialect,
  type Dialects,
  endpointsOf,
  isBelow,
  isHoldersPath,
  isParameter,
  modelSegment,
} from '@postern/gateways'
import { hasDotSegment } from '@postern/protocol'
import type { OpenedAt, Parts, Located } from './lenient-sections.js'
import { type Problem, problem } from './problem.js'

/** Checks that every endpoint under `gateways.<name>.endpoints` may be opened and is clear. */
export function checkEndpoints(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  for (const { path, part } of parts.opened) {
    const dialect = Object.hasOwn(dialects, part.dialect ?? '') ? dialects[part.dialect ?? ''] : undefined
    for (const [name, { model }] of Object.entries(part.endpoints)) {
      const found = findFault(name, model, dialect) ?? findTwice(name, part.baseURL ?? dialect?.baseURL)
      if (found !== undefined) problems.push(problem(`${path}.endpoints.${name}`, ...found))
    }
    checkTwins({ path: `${path}.endpoints`, part: part.endpoints }, problems)
  }
}

/** A segment without escapes (RFC 3986, `pchar`) and without `;`, or a name in braces. */
const segmentForm = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@]+|\{[A-Za-z0-9_]+\})$/

const mintingReason = 'mints credentials or connections, or administers the account: Postern lets no caller use it with the gateway key.'
const callDirectly = 'Remove it; whoever holds the account calls it without Postern.'

function findFault(
  name: string,
  model: string | undefined,
  dialect: Dialect | undefined,
): readonly [reason: string, fix: string] | undefined {
  const segments = name.split('/')
  if (!segments.every((segment) => segmentForm.test(segment)) || hasDotSegment(name))
    return ['is not a path below /v1/.', 'Write it like rerank or engines/{model}/completions, without a slash at either end.']
  if (isParameter(segments[0] as string)) return ['opens any path.', 'Begin it with a name.']
  if (isHoldersPath(name)) return [mintingReason, callDirectly]
  if (dialect !== undefined && isBelow(dialect.operatorPaths, name))
    return [`belongs to whoever runs ${dialect.title} or holds the account.`, callDirectly]
  if (dialect !== undefined && isBelow(objectPathsOf(dialect), name))
    return ['is about tasks, each of which is one caller’s.', 'Remove it; the dialect has what may be asked.']
  const models = segments.filter((segment) => segment === modelSegment).length
  if (model === 'path' && models !== 1)
    return ['names its model in its path, and has not one segment {model}.', 'Write {model} where the model stands.']
  if (model !== undefined && model !== 'path' && models > 0)
    return ['has a segment {model}, and says that the model stands elsewhere.', 'Write "model: path".']
  if (dialect === undefined) return undefined
  const table = createEndpointTable(dialect.endpoints)
  if (table.find(name) === undefined && table.isOtherSpelling(name) && !name.includes('{'))
    return ['only spells a listed path differently.', 'Write it as the dialect does.']
  return undefined
}

function findTwice(name: string, baseURL = ''): readonly [reason: string, fix: string] | undefined {
  if (!name.startsWith('v1/') || !/\/v1\/?$/.test(baseURL)) return undefined
  return ['begins with v1/, which the base URL ends in already.', `Write ${name.slice('v1/'.length)}: names stand below /v1/.`]
}

/** Paths of stored objects that belong to callers. The id of such an object is sealed for the caller that made it. */
function objectPathsOf({ endpoints }: Dialect): string[] {
  return Object.entries(endpoints).flatMap(([path, entry]) =>
    endpointsOf(entry).some((endpoint) => callerObject(endpoint) !== undefined) ? [path.replace(/\/\{[^/]*\}$/, '')] : [],
  )
}

/** Refuses two paths that differ only in case or in the names of their parameters. */
function checkTwins({ path, part }: Located<OpenedAt['endpoints']>, problems: Problem[]): void {
  const seen = new Map<string, string>()
  for (const name of Object.keys(part)) {
    const shape = name.replaceAll(/\{[^/]*\}/g, '{}').toLowerCase()
    const earlier = seen.get(shape)
    if (earlier === undefined) seen.set(shape, name)
    else problems.push(problem(`${path}.${name}`, `is the same path as "${earlier}".`, 'Keep one of the two, with all its methods.'))
  }
}
