import type { CheckedConfig } from '@postern/config'

/** A model, or a pattern of models, that the configuration names. */
export interface NamedModel {
  readonly path: string
  readonly name: string
  /** The gateways that calls for it may go to. */
  readonly gateways: readonly string[]
}

/** The models that policies and limits name, each with the gateways that the callers of its rule reach. */
export function findNamedModels({ policies, limits, keys, bindings, keyRing, gateways }: CheckedConfig['config']): readonly NamedModel[] {
  // Bindings and keys of the ring come and go: with a ring, anybody may come to any gateway.
  const ofRing = keyRing === undefined ? [] : Object.keys(gateways)
  type Chosen = Partial<Record<'user' | 'team' | 'project' | 'key' | 'gateway', string | undefined>>

  function reachedBy(rule: Chosen): readonly string[] {
    const bound = bindings.filter((binding) =>
      (['user', 'team', 'project'] as const).every((field) => {
        const [named, asked] = [binding[field], rule[field]]
        return named === undefined || asked === undefined || named === asked
      }),
    )
    const reached = bound.filter(({ key }) => rule.key === undefined || rule.key === key).map(({ key }) => keys[key]?.gateway)
    const throughRing = rule.key !== undefined && Object.hasOwn(keys, rule.key) ? [] : ofRing
    return [
      ...new Set(
        [...reached, ...throughRing].filter((name) => name !== undefined && (rule.gateway === undefined || rule.gateway === name)),
      ),
    ] as string[]
  }

  return [
    ...(policies.models ?? []).map((name, place) => ({ path: `policies.models[${place}]`, name, gateways: reachedBy({}) })),
    ...policies.rules.flatMap(({ models = [], user, team, project }, index) =>
      models.map((name, place) => ({
        path: `policies.rules[${index}].models[${place}]`,
        name,
        gateways: reachedBy({ user, team, project }),
      })),
    ),
    ...(limits?.rules ?? []).flatMap((rule, index) =>
      rule.model === undefined ? [] : [{ path: `limits.rules[${index}].model`, name: rule.model, gateways: reachedBy(rule) }],
    ),
  ]
}
