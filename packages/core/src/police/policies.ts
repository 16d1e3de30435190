import { mostSpecificFirst, type Principal, type PrincipalFields } from '@postern/ports'
import { compileNameList, type NameList, type SessionBounds } from '@postern/protocol'
import { createFieldIndex } from '../lib/field-index.js'

/** What a caller may do. Every rule that matches applies: a request must satisfy them all. */
export interface PolicyRule extends PrincipalFields {
  /** Model names; `*` stands for any characters. */
  readonly models?: readonly string[] | undefined
  /** Endpoint paths below `/v1/`; `*` stands for any characters. */
  readonly endpoints?: readonly string[] | undefined
  /** Largest request body, in bytes. Of several rules that apply, the smallest counts. */
  readonly maxBodyBytes?: number | undefined
  /** The most tokens that a request may ask for. Of several rules the smallest counts. */
  readonly maxTokens?: number | undefined
  /** Values for the options that a gateway offers per request. Of several rules the last counts, one that names somebody before others. */
  readonly choices?: Readonly<Record<string, string>> | undefined
  /** Tags that a request must bring. Those of all rules together. */
  readonly require?: readonly ('workflow' | 'step')[] | undefined
  /** Overwrite the body's user with the verified user. Of several rules one is enough. */
  readonly pinUser?: boolean | undefined
}

/** The rules that apply to one caller, compiled. */
export interface Policy {
  /** Each list must allow the model. */
  readonly models: readonly NameList[]
  /** At least one list does not allow every model. */
  readonly namesModels: boolean
  readonly endpoints: readonly NameList[]
  readonly maxBodyBytes: number
  readonly maxTokens: number | undefined
  readonly choices: Readonly<Record<string, string | undefined>>
  readonly pinUser: boolean
  readonly requires: ReadonlySet<'workflow' | 'step'>
}

/** How many combinations of rules are kept compiled; then all are forgotten. */
const rememberedPolicies = 10_000

export type FindPolicy = (principal: Principal) => Policy

/** @param defaultMaxBodyBytes In bytes; used only if no matching rule sets `maxBodyBytes`. */
export function createPolicyFinder(rules: readonly PolicyRule[], defaultMaxBodyBytes: number): FindPolicy {
  const compiled = rules.map((rule, place) => new CompiledRule(rule, place))
  const forEverybody = compiled.filter(({ rule }) => !namesSomebody(rule))
  const forSomebody = createFieldIndex(
    mostSpecificFirst,
    compiled.filter(({ rule }) => namesSomebody(rule)),
    ({ rule }) => rule,
  )
  const usual = combine(forEverybody, defaultMaxBodyBytes)
  const combined = new Map<string, Policy>()
  const bounded = new WeakMap<SessionBounds, Policy>()

  function policyOf(principal: Principal): Policy {
    const matching = forSomebody.all(principal)
    if (matching.length === 0) return usual
    const inOrder = matching.toSorted((one, other) => one.place - other.place)
    const places = inOrder.map(({ place }) => place).join(' ')
    let policy = combined.get(places)
    if (policy !== undefined) return policy
    if (combined.size === rememberedPolicies) combined.clear()
    combined.set(places, (policy = combine([...forEverybody, ...inOrder], defaultMaxBodyBytes)))
    return policy
  }

  return (principal) => {
    const { bounds } = principal
    if (bounds === undefined) return policyOf(principal)
    // A cached credential keeps the same `bounds` object, so its policy is built once.
    let policy = bounded.get(bounds)
    if (policy === undefined) bounded.set(bounds, (policy = bind(policyOf(principal), bounds)))
    return policy
  }
}

/** Adds the credential's bounds to the policy. They can only narrow it. */
function bind(policy: Policy, { models, endpoints, maxTokens }: SessionBounds): Policy {
  const lists = models === undefined ? policy.models : [...policy.models, compileNameList('models', models)]
  return {
    ...policy,
    maxTokens: smallest([policy.maxTokens, maxTokens]),
    models: lists,
    namesModels: restrict(lists),
    endpoints: endpoints === undefined ? policy.endpoints : [...policy.endpoints, compileNameList('endpoints', endpoints)],
  }
}

/** A rule, whose patterns are compiled when it applies for the first time: most of many rules do not in a while. */
class CompiledRule {
  readonly rule: PolicyRule
  /** Its number among all rules: where rules disagree about a choice, the last counts. */
  readonly place: number
  #models: readonly NameList[] | undefined
  #endpoints: readonly NameList[] | undefined

  constructor(rule: PolicyRule, place: number) {
    this.rule = rule
    this.place = place
  }

  get models(): readonly NameList[] {
    return (this.#models ??= this.rule.models === undefined ? [] : [compileNameList('models', this.rule.models)])
  }

  get endpoints(): readonly NameList[] {
    return (this.#endpoints ??= this.rule.endpoints === undefined ? [] : [compileNameList('endpoints', this.rule.endpoints)])
  }
}

function combine(rules: readonly CompiledRule[], defaultMaxBodyBytes: number): Policy {
  const models = rules.flatMap((rule) => rule.models)
  return {
    models,
    namesModels: restrict(models),
    endpoints: rules.flatMap(({ endpoints }) => endpoints),
    maxBodyBytes: smallest(rules.map(({ rule }) => rule.maxBodyBytes)) ?? defaultMaxBodyBytes,
    maxTokens: smallest(rules.map(({ rule }) => rule.maxTokens)),
    pinUser: rules.some(({ rule }) => rule.pinUser === true),
    requires: new Set(rules.flatMap(({ rule }) => rule.require ?? [])),
    choices: Object.assign({}, ...rules.map(({ rule }) => rule.choices)) as Policy['choices'],
  }
}

function restrict(lists: readonly NameList[]): boolean {
  return lists.some(({ allowsAny }) => !allowsAny)
}

function smallest(limits: readonly (number | undefined)[]): number | undefined {
  const set = limits.filter((limit) => limit !== undefined)
  return set.length === 0 ? undefined : Math.min(...set)
}

function namesSomebody(rule: PrincipalFields): boolean {
  return rule.user !== undefined || rule.team !== undefined || rule.project !== undefined
}
