import { compileNamePattern, type SessionBounds } from '@postern/protocol'
import type { Principal, PrincipalFields } from '../principal.js'

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
  /** What is chosen of the things that a gateway lets each request choose, by name. Of several rules the last counts, and one for somebody before one for everybody. */
  readonly choices?: Readonly<Record<string, string>> | undefined
  /** Who a body says its user is, is who the credential says. Of several rules one is enough. */
  readonly pinUser?: boolean | undefined
}

/** The rules that apply to one caller, compiled. */
export interface Policy {
  /** Each list must allow the model. */
  readonly models: readonly NamePattern[]
  /** Some list of models restricts them. */
  readonly namesModels: boolean
  readonly endpoints: readonly NamePattern[]
  readonly maxBodyBytes: number
  readonly maxTokens: number | undefined
  readonly choices: Readonly<Record<string, string | undefined>>
  readonly pinUser: boolean
}

/** Whether a name is on a list of names and patterns. */
export interface NamePattern {
  readonly names: readonly string[]
  /** It restricts nothing, so nobody need know the name. */
  readonly allowsAny: boolean
  allows(name: string): boolean
}

export type FindPolicy = (principal: Principal) => Policy

/** @param defaultMaxBodyBytes Holds only where no rule that applies says how large a body may be. */
export function createPolicyFinder(rules: readonly PolicyRule[], defaultMaxBodyBytes: number): FindPolicy {
  const compiled = rules.map(compileRule)
  const forEverybody = compiled.filter(({ rule }) => !namesSomebody(rule))
  const forSomebody = compiled.filter(({ rule }) => namesSomebody(rule))
  const usual = combine(forEverybody, defaultMaxBodyBytes)
  const bounded = new WeakMap<SessionBounds, Policy>()

  function policyOf(principal: Principal): Policy {
    if (forSomebody.length === 0) return usual
    const matching = forSomebody.filter(({ rule }) => matches(rule, principal))
    return matching.length === 0 ? usual : combine([...forEverybody, ...matching], defaultMaxBodyBytes)
  }

  return (principal) => {
    const { bounds } = principal
    if (bounds === undefined) return policyOf(principal)
    // A credential is verified once and its bounds are one object from then on.
    let policy = bounded.get(bounds)
    if (policy === undefined) bounded.set(bounds, (policy = bind(policyOf(principal), bounds)))
    return policy
  }
}

/** What a credential is bound to narrows what its principal may, and never widens it. */
function bind(policy: Policy, { models, endpoints, maxTokens }: SessionBounds): Policy {
  const lists = models === undefined ? policy.models : [...policy.models, compileModels(models)]
  return {
    ...policy,
    maxTokens: smallest([policy.maxTokens, maxTokens]),
    models: lists,
    namesModels: restrict(lists),
    endpoints: endpoints === undefined ? policy.endpoints : [...policy.endpoints, compileNames(endpoints)],
  }
}

interface CompiledRule {
  readonly rule: PolicyRule
  readonly models: readonly NamePattern[]
  readonly endpoints: readonly NamePattern[]
}

function compileRule(rule: PolicyRule): CompiledRule {
  return {
    rule,
    models: rule.models === undefined ? [] : [compileModels(rule.models)],
    endpoints: rule.endpoints === undefined ? [] : [compileNames(rule.endpoints)],
  }
}

function combine(rules: readonly CompiledRule[], defaultMaxBodyBytes: number): Policy {
  const limits = rules.flatMap(({ rule }) => rule.maxBodyBytes ?? [])
  const models = rules.flatMap((rule) => rule.models)
  return {
    models,
    namesModels: restrict(models),
    endpoints: rules.flatMap(({ endpoints }) => endpoints),
    maxBodyBytes: limits.length === 0 ? defaultMaxBodyBytes : Math.min(...limits),
    maxTokens: smallest(rules.map(({ rule }) => rule.maxTokens)),
    pinUser: rules.some(({ rule }) => rule.pinUser === true),
    choices: Object.assign({}, ...rules.map(({ rule }) => rule.choices)) as Policy['choices'],
  }
}

function restrict(lists: readonly NamePattern[]): boolean {
  return lists.some(({ allowsAny }) => !allowsAny)
}

function smallest(limits: readonly (number | undefined)[]): number | undefined {
  const set = limits.filter((limit) => limit !== undefined)
  return set.length === 0 ? undefined : Math.min(...set)
}

function compileNames(names: readonly string[]): NamePattern {
  const patterns = names.map(compileNamePattern)
  return { names, allowsAny: names.some((name) => /^\*+$/.test(name)), allows: (name) => patterns.some((allows) => allows(name)) }
}

/**
 * What stands in no model's name, and by which a gateway could take one for another: it parts lists and lines, or leads
 * elsewhere in a path. A star does not stand for it; a name that is written out may have it.
 */
const oddInModel = /\.\.|[,;|\\%?#\p{C}\p{Zl}\p{Zp}]/u

function compileModels(names: readonly string[]): NamePattern {
  const list = compileNames(names)
  if (list.allowsAny) return list
  return { ...list, allows: (name) => list.allows(name) && (!oddInModel.test(name) || names.includes(name)) }
}

function namesSomebody(rule: PrincipalFields): boolean {
  return rule.user !== undefined || rule.team !== undefined || rule.project !== undefined
}

function matches(rule: PrincipalFields, principal: PrincipalFields): boolean {
  return (
    (rule.user === undefined || rule.user === principal.user) &&
    (rule.team === undefined || rule.team === principal.team) &&
    (rule.project === undefined || rule.project === principal.project)
  )
}
