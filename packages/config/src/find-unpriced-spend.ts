import { type PriceFile, unitsOfGateway } from '@postern/ports'
import { type Problem, problem } from './problem.js'
import type { Config } from './schema.js'

/** A rule that bounds an amount of money, as far as it decides which calls it counts. */
export interface SpendRule {
  /** Where it stands: `limits.rules[2]`. */
  readonly path: string
  /** `credits`, or an ISO 4217 currency. */
  readonly unit: string
  readonly gateway?: string | undefined
  readonly key?: string | undefined
  readonly user?: string | undefined
  readonly team?: string | undefined
  readonly project?: string | undefined
}

/**
 * A problem for each rule that can reach a gateway without a price in the unit of the rule: nothing could be set aside for a call of
 * that gateway. A cost that the gateway reports in that unit is known too late, and does not count as a price.
 *
 * @param prices `undefined`: the configuration has none.
 * @param bindings Which keys a user, team or project reaches. Default: every key.
 */
export function findUnpricedSpend(
  rules: readonly SpendRule[],
  gateways: Config['gateways'],
  keys: Config['keys'],
  prices: PriceFile | undefined,
  bindings?: Config['bindings'],
): readonly Problem[] {
  const units = new Map(
    Object.keys(gateways).map((name) => [name, prices === undefined ? new Set<string>() : unitsOfGateway(prices, name)]),
  )
  return rules.flatMap((rule) => {
    const { path, unit } = rule
    const unpriced = [...gatewaysOf(rule, keys, bindings)].filter((name) => units.get(name)?.has(unit) === false)
    if (unpriced.length === 0) return []
    const which = unpriced.map((name) => `"${name}"`).join(', ')
    const fix = `Write prices or a perCall in ${unit} for it into limits.prices, or name in the rule a gateway or key that has them.`
    return [problem(`${path}.spend`, `counts ${unit}, and the gateway ${which} has no price in that unit.`, fix)]
  })
}

/** The gateways that the calls of a rule may go to. */
function gatewaysOf(rule: SpendRule, keys: Config['keys'], bindings: Config['bindings'] | undefined): ReadonlySet<string> {
  const bound = bindings?.filter((binding) =>
    (['user', 'team', 'project'] as const).every((field) => {
      const [named, asked] = [binding[field], rule[field]]
      return named === undefined || asked === undefined || named === asked
    }),
  )
  const aliases = new Set(bound?.map(({ key }) => key) ?? Object.keys(keys))
  const reached = [...aliases].filter((alias) => rule.key === undefined || rule.key === alias)
  const names = reached.map((alias) => keys[alias]?.gateway).filter((name) => name !== undefined)
  return new Set(names.filter((name) => rule.gateway === undefined || rule.gateway === name))
}
