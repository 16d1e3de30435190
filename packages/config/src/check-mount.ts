import { type Problem, warning } from './problem.js'
import type { Config } from './schema.js'

/** Warns of a mount that ends in `/v1`: Postern appends `/v1` itself. */
export function checkMount({ mount }: Config, problems: Problem[]): void {
  if (!mount.endsWith('/v1')) return
  const rest = mount.slice(0, -'/v1'.length)
  const fix = rest === '' ? 'Write a mount such as /ai.' : `Write ${rest}.`
  problems.push(warning('mount', `ends in /v1, which Postern adds: the API is at ${mount}/v1.`, fix))
}
