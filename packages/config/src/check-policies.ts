import type { Dialects } from '@postern/gateways'
import { createMeantBy } from '@postern/ports'
import { patternsMeet } from './patterns-meet.js'
import { checkEndpointPatterns, knownEndpoints } from './check-endpoint-patterns.js'
import type { Parts, PlacedRule } from './lenient-sections.js'
import { oneOf, type Problem, warning } from './problem.js'

/**
 * Warns of a rule that no caller matches, of two rules for the same callers, of two that together leave nothing, and of an
 * endpoint pattern that matches no endpoint.
 */
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
  for (const field of ['models', 'endpoints'] as const) warnOfNothingLeft(parts.rules, field, problems)
}

/** Warns of each pair of rules that hold for the same caller and allow nothing in common; one warning for each later rule. */
function warnOfNothingLeft(rules: readonly PlacedRule[], field: 'models' | 'endpoints', problems: Problem[]): void {
  for (const [index, { path, part }] of rules.entries()) {
    const names = part[field]
    if (names === undefined || names.length === 0) continue
    const other = rules.slice(0, index).find((earlier) => areForOneCaller(earlier, part) && haveNothingInCommon(earlier.part[field], names))
    if (other === undefined) continue
    problems.push(
      warning(
        `${path}.${field}`,
        `has nothing in common with ${other.path}.${field}, and both hold: callers of the two may use no ${field === 'models' ? 'model' : 'endpoint'} at all.`,
        `Write in ${other.path}.${field} what this rule shall allow as well: a rule narrows what another leaves, and adds nothing.`,
      ),
    )
  }
}

/** Whether every caller of one of the two rules is one of the other. */
function areForOneCaller({ part: one }: PlacedRule, other: PlacedRule['part']): boolean {
  return isWithin(one, other) || isWithin(other, one)
}

function isWithin(wide: PlacedRule['part'], narrow: PlacedRule['part']): boolean {
  return (['user', 'team', 'project'] as const).every((field) => wide[field] === undefined || wide[field] === narrow[field])
}

/** Whether no name is on both lists, whatever their stars stand for. */
function haveNothingInCommon(some: readonly string[] | undefined, others: readonly string[]): boolean {
  if (some === undefined || some.length === 0) return false
  return some.every((one) => others.every((other) => !patternsMeet(one, other)))
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
