import { type Dialect, endpointsOf } from '@postern/gateways'
import { type Problem, problem } from './problem.js'

/**
 * Refuses a dialect that still has `task` or `taskId`, the names that `object` of an endpoint had before. Postern would read neither, so
 * the ids of callers' objects would pass without a seal. The compiler finds them in TypeScript; a dialect may be written in JavaScript.
 */
export function checkDialect(path: string, dialect: Dialect, problems: Problem[]): void {
  const endpoints = Object.values(dialect.endpoints).flatMap(endpointsOf)
  const found = 'taskId' in dialect ? 'taskId' : endpoints.some((endpoint) => 'task' in endpoint) ? 'task' : undefined
  if (found === undefined) return
  problems.push(
    problem(
      path,
      `names a dialect with "${found}", which Postern no longer reads.`,
      'Give the endpoints of the dialect "object" in its place, with owner: \'caller\', kind, role and ids.',
    ),
  )
}
