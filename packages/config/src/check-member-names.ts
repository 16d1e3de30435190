import { formatPath, type Problem, problem } from './problem.js'

/** JavaScript calls an object's prototype so. Code that copies an object with such a member drops the member, or sets the prototype of the copy. */
const prototypes = '__proto__'

/** Groups of which there may be a hundred thousand entries. */
const long: ReadonlySet<string> = new Set(['keys', 'bindings'])

/** Refuses names that would be left out in silence, in the configuration, in its groups and in their entries. */
export function checkMemberNames(raw: unknown, problems: Problem[], path: readonly string[] = []): void {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return
  if (Object.hasOwn(raw, prototypes))
    problems.push(problem(formatPath([...path, prototypes]), 'is a name that nothing can have.', 'Choose another name, or remove it.'))
  if (path.length === 3 || long.has(path[0] ?? '')) return
  for (const [name, value] of Object.entries(raw)) if (name !== prototypes) checkMemberNames(value, problems, [...path, name])
}
