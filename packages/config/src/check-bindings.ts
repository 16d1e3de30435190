import { bindingFields, bindingIdentity, describeBinding } from '@postern/ports'
import { type Parts, placeOfBinding } from './lenient-sections.js'
import { oneOf, type Problem, problem, warning } from './problem.js'
import type { Config } from './schema.js'

/** Checks that every binding names an existing key and a principal (or `default: true`), and that no two match the same principal. */
export function checkBindings(parts: Parts, problems: Problem[]): void {
  const seen = new SeenBindings()
  for (const binding of parts.bindings) {
    const { part } = binding
    const named = part.user !== undefined || part.team !== undefined || bindingFields.some((field) => part[field] !== undefined)
    if (!parts.namedKeys.has(part.key))
      problems.push(problem(`${binding.path}.key`, `names the key "${part.key}", which is not there.`, `Write ${oneOf(parts.namedKeys)}.`))
    if (named && part.default === true)
      problems.push(
        problem(binding.path, 'is for somebody and for everybody at once.', 'Write "default: true", or whom it is for, not both.'),
      )
    if (!named && part.default !== true)
      problems.push(
        problem(
          binding.path,
          'does not say for whom it is.',
          'Name a user, team, project, service or workflow, or write "default: true" if everybody else may use this key.',
        ),
      )
    const earlier = seen.see(part, binding.number)
    if (earlier !== undefined)
      problems.push(
        problem(binding.path, `is for the same caller as ${placeOfBinding(earlier)} (${describeBinding(part)}).`, 'Keep one of the two.'),
      )
  }
}

/** The numbers of bindings, by whom they are for. */
class SeenBindings {
  /** Of those that name a user alone, by the user: most of many are of that kind, and no text is put together for them. */
  readonly #ofUsers = new Map<string, number>()
  readonly #others = new Map<string, number>()

  /** Notes a binding, and returns the number of an earlier one for the same callers. */
  see(part: Config['bindings'][number], number: number): number | undefined {
    const { user, team, project, service, workflow } = part
    const isOfUser = user !== undefined && (team ?? project ?? service ?? workflow) === undefined
    const [seen, identity] = isOfUser ? [this.#ofUsers, user] : [this.#others, bindingIdentity(part)]
    const earlier = seen.get(identity)
    if (earlier === undefined) seen.set(identity, number)
    return earlier
  }
}

/** Warns of a list of bindings that is empty: it is allowed, and lets no call through. */
export function checkAnyBinding({ bindings, keyRing }: Config, problems: Problem[]): void {
  if (bindings.length > 0 || keyRing !== undefined) return
  const fix = 'Write who may use which key, such as { team: acme, key: acme }; { default: true, key: acme } is for everybody.'
  problems.push(warning('bindings', 'is an empty list, so no caller gets a key and every call is refused.', fix))
}
