import type { Dialects } from '@postern/gateways'
import { createMeantBy } from '../lib/meant-by.js'
import { checkEndpointPatterns, knownEndpoints } from './check-endpoint-patterns.js'
import type { Parts, PlacedRule } from './lenient-sections.js'
import { oneOf, type Problem, warning } from './problem.js'

/** Warns of a rule that no caller matches, of two rules for the same callers, and of an endpoint pattern that matches no endpoint. */
export function checkPolicies(parts: Parts, dialects: Dialects, problems: Problem[]): void {
  const seen = new Map<string, string>()
  const known = knownEndpoints(parts, dialects)
  for (const rule of parts.rules) {
    checkEndpointPatterns(rule, known, problems)
    if (rule.path === 'policies') continue
    for (const field of ['user', 'team', 'project'] as const) checkName(rule, field, parts, problems)
    const { user, team, project } = rule.part
    const callers = JSON.stringify([user, team, project])
    const earlier = seen.get(callers)
    if (earlier === undefined) seen.set(callers, rule.path)
    else {
      const reason = `is for the same callers as ${earlier}; both hold, so a request must satisfy the two.`
      problems.push(warning(rule.path, reason, 'Write one rule of them.'))
    }
  }
}

/** How many names a warning lists. */
const maxNamed = 5

/** Warns of a rule whose team, user or project is in no binding: only callers with a binding get a key, so the rule limits no caller. */
function checkName({ path, part }: PlacedRule, field: 'user' | 'team' | 'project', { bindings }: Parts, problems: Problem[]): void {
  const name = part[field]
  const names = new Set(bindings.flatMap((binding) => binding.part[field] ?? []))
  if (name === undefined || names.has(name) || bindings.some((binding) => binding.part.default === true)) return
  const meant = createMeantBy([...names])(name)
  const isNear = meant !== undefined && digitsOf(meant) === digitsOf(name)
  // A binding without this field matches any name, so then warn only of a name that looks like a misspelling.
  const areAllNamed = bindings.length > 0 && bindings.every((binding) => binding.part[field] !== undefined)
  if (!areAllNamed && !isNear) return
  const fix = isNear ? `Did you mean "${meant}"?` : `Bindings lead to ${oneOf(new Set([...names].slice(0, maxNamed)))}.`
  problems.push(warning(`${path}.${field}`, `names "${name}", to which no binding leads, so this rule may hold for nobody.`, fix))
}

/** The digits of a name. Two names whose digits differ are not taken for misspellings of each other: `team1` and `team2` are two teams. */
function digitsOf(name: string): string {
  return name.replaceAll(/\D/g, '')
}
