import { type Problem, problem, warning } from './problem.js'
import type { Config } from './schema.js'

/** Warns of a mount that ends in `/v1`, which Postern appends itself, and refuses a backend that no request would reach. */
export function checkMount({ mount, backend }: Config, problems: Problem[]): void {
  if (mount === '' && backend !== undefined)
    problems.push(
      problem('mount', 'is /, so every path is the API’s and none reaches "backend".', 'Write a mount such as /ai, or remove backend.'),
    )
  if (!mount.endsWith('/v1')) return
  const rest = mount.slice(0, -'/v1'.length)
  problems.push(warning('mount', `ends in /v1, which Postern adds: the API is at ${mount}/v1.`, `Write ${rest === '' ? '/' : rest}.`))
}
