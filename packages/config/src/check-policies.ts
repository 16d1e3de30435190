import type { Dialects } from '@postern/gateways'
import { createMeantBy, type MeantBy, principalFields } from '@postern/ports'
import { createRuleLookup } from './rule-lookup.js'
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
  // The first is `policies` itself, which is for everybody.
  const bound = parts.rules.length > 1 ? boundNames(parts) : undefined
  for (const rule of parts.rules) {
    checkEndpointPatterns(rule, known, problems)
    if (rule.path === 'policies') continue
    for (const field of principalFields) checkName(rule, field, bound, problems)
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
  const earlierRules = createRuleLookup()
  for (const rule of rules) {
    const { path, part } = rule
    const names = part[field]
    if (names === undefined || names.length === 0) continue
    const other = earlierRules.first(part, (earlier) => haveNothingInCommon(earlier.part[field] as readonly string[], names))
    earlierRules.add(rule)
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

/** Whether no name is on both lists, whatever their stars stand for. */
function haveNothingInCommon(some: readonly string[], others: readonly string[]): boolean {
  return some.every((one) => others.every((other) => !patternsMeet(one, other)))
}

/** How many names a warning lists. */
const maxNamed = 5

/** What the bindings say of one field. */
interface BoundField {
  readonly names: ReadonlySet<string>
  /** There are bindings, and each names the field. */
  readonly isInAll: boolean
  readonly meantBy: MeantBy
}

/** Finds the names in bindings, by their field; `undefined` if a default binding leads everybody to a key. */
function boundNames({ bindings, keyRing }: Parts): ((field: (typeof principalFields)[number]) => BoundField) | undefined {
  for (const { part } of bindings) if (part.default === true) return undefined
  const read = (field: (typeof principalFields)[number]): BoundField => {
    const names = new Set<string>()
    let [all, naming] = [0, 0]
    for (const { part } of bindings) {
      all += 1
      const name = part[field]
      if (name === undefined) continue
      names.add(name)
      naming += 1
    }
    // If a binding has the rule's own name, no spellings are compared.
    let meantBy: MeantBy | undefined
    return {
      names,
      // The ring may bind any name; the configuration does not say which.
      isInAll: keyRing === undefined && all > 0 && naming === all,
      meantBy: (name) => (meantBy ??= createMeantBy([...names]))(name),
    }
  }
  // Few configurations have rules for each of them.
  const known = new Map<string, BoundField>()
  return (field) => {
    const found = known.get(field) ?? read(field)
    known.set(field, found)
    return found
  }
}

/** Warns of a rule whose team, user or project is in no binding: only callers with a binding get a key, so the rule limits no caller. */
function checkName(
  { path, part }: PlacedRule,
  field: (typeof principalFields)[number],
  bound: ReturnType<typeof boundNames>,
  problems: Problem[],
): void {
  const name = part[field]
  if (name === undefined || bound === undefined) return
  const { names, isInAll, meantBy } = bound(field)
  if (names.has(name)) return
  const meant = meantBy(name)
  const isNear = meant !== undefined && digitsOf(meant) === digitsOf(name)
  // A binding without this field matches any name, so then warn only of a name that looks like a misspelling.
  if (!isInAll && !isNear) return
  const fix = isNear ? `Did you mean "${meant}"?` : `Bindings lead to ${oneOf(new Set([...names].slice(0, maxNamed)))}.`
  problems.push(warning(`${path}.${field}`, `names "${name}", to which no binding leads, so this rule may hold for nobody.`, fix))
}

/** The digits of a name. Two names whose digits differ are not taken for misspellings of each other: `team1` and `team2` are two teams. */
function digitsOf(name: string): string {
  return name.replaceAll(/\D/g, '')
}
