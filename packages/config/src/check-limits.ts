import type { PriceFile } from '@postern/ports'
import { findUnpricedSpend } from './find-unpriced-spend.js'
import { type Problem, oneOf, problem, warning } from './problem.js'
import type { Config } from './schema.js'

type Rule = NonNullable<Config['limits']>['rules'][number]

const units = ['requests', 'tokens', 'spend', 'streams'] as const

/** Checks that each limit has an amount and can be counted, that it names what there is, and that no two count the same. */
export function checkLimits({ limits, gateways, keys, callers, bindings, keyRing }: Config, problems: Problem[]): void {
  const seen = new Map<string, string>()
  const gatewayNames = new Set(Object.keys(gateways))
  for (const [index, rule] of (limits?.rules ?? []).entries()) {
    const path = `limits.rules[${index}]`
    if (units.every((unit) => rule[unit] === undefined))
      problems.push(problem(path, 'limits nothing.', 'Write requests: 60 with per: minute, spend: 20 USD with per: day, or streams: 10.'))
    if (rule.streams !== undefined && rule.per !== undefined)
      problems.push(
        problem(
          `${path}.per`,
          'says when a count begins anew, and streams are counted while they are open.',
          'Write a rule for streams of its own, without per.',
        ),
      )
    if (rule.gateway !== undefined && !gatewayNames.has(rule.gateway))
      problems.push(problem(`${path}.gateway`, `names "${rule.gateway}", which is not under gateways.`, `Write ${oneOf(gatewayNames)}.`))
    // The ring may have a key of any name, and bind any caller; the configuration does not say which.
    const hasRing = keyRing !== undefined
    if (rule.key !== undefined && !Object.hasOwn(keys, rule.key) && !hasRing)
      problems.push(problem(`${path}.key`, `names "${rule.key}", which is not under keys.`, `Write one of the names under keys.`))
    if (rule.each === 'session' && callers.session === undefined)
      problems.push(problem(`${path}.each`, 'counts each session, and there are none.', 'Write callers.session, or each: user.'))
    for (const unit of units) {
      const limit = rule[unit]
      if (limit === undefined) continue
      const counts = JSON.stringify([countedUnder(rule), unit, typeof limit === 'number' ? undefined : limit.unit])
      const earlier = seen.get(counts)
      if (earlier === undefined) seen.set(counts, path)
      else problems.push(problem(path, `counts the same as ${earlier}.`, 'Write one of them, or give each a name.'))
    }
    if (!hasRing) for (const field of ['user', 'team', 'project'] as const) warnOfNobody(rule, field, bindings, path, problems)
  }
}

const holdable = {
  tokens: 'can be held by one caller, whose calls under way set aside what is left of it.',
  spend: 'can be held by one caller, whose calls under way set aside what is left of it.',
  streams: 'can be held by one caller, whose open streams may be all of them.',
} as const

/**
 * Warns of a rule of money, tokens or streams for many people without one for each of them: a call sets aside the most that it can use, and
 * a stream may stay open for long, so one caller could hold what is left for all.
 */
export function warnOfHolding({ limits }: Config, problems: Problem[]): void {
  const rules = limits?.rules ?? []
  for (const [index, rule] of rules.entries()) {
    for (const unit of ['tokens', 'spend', 'streams'] as const) {
      const isForMany = rule.each !== 'user' && rule.each !== 'session' && rule.each !== 'workflow' && rule.user === undefined
      if (rule[unit] === undefined || !isForMany) continue
      if (rules.some((other) => other[unit] !== undefined && (other.each === 'user' || other.each === 'session'))) continue
      const fix = `Write a rule with each: user and ${unit} beside it.`
      problems.push(warning(`limits.rules[${index}].${unit}`, holdable[unit], fix))
    }
  }
}

/** Checks that each rule of money has prices in its unit, at every gateway that it can reach. */
export function checkSpend({ limits, gateways, keys, bindings }: Config, prices: PriceFile | undefined, problems: Problem[]): void {
  const rules = (limits?.rules ?? []).flatMap(({ spend, ...rule }, index) =>
    spend === undefined ? [] : [{ ...rule, path: `limits.rules[${index}]`, unit: spend.unit }],
  )
  problems.push(...findUnpricedSpend(rules, gateways, keys, prices, bindings))
}

/** What a rule counts under: its name, or what it selects. */
export function countedUnder({ name, each, user, team, project, key, gateway, model, per }: Rule): string {
  return name ?? JSON.stringify({ each, user, team, project, key, gateway, model, per })
}

/** What clients are told the rule is called. */
export function titleOfLimit({ name, each, per }: Pick<Rule, 'name' | 'each' | 'per'>): string {
  return name ?? [each === undefined ? 'all' : `each-${each}`, per].filter((part) => part !== undefined).join('-')
}

function warnOfNobody(
  rule: Rule,
  field: 'user' | 'team' | 'project',
  bindings: Config['bindings'],
  path: string,
  problems: Problem[],
): void {
  const name = rule[field]
  if (name === undefined) return
  const isBound = bindings.some((binding) => binding[field] === undefined || binding[field] === name)
  if (!isBound)
    problems.push(warning(`${path}.${field}`, `names "${name}", to which no binding leads.`, 'Write the name as a binding has it.'))
}
