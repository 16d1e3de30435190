import type { Principal, PrincipalFields } from '../principal.js'

/** What a caller may do. Every rule that matches applies: a request must satisfy them all. */
export interface PolicyRule extends PrincipalFields {
  /** Model names; `*` stands for any characters. */
  readonly models?: readonly string[] | undefined
  /** Endpoint paths below `/v1/`; `*` stands for any characters. */
  readonly endpoints?: readonly string[] | undefined
  /** Largest request body, in bytes. */
  readonly maxBodyBytes?: number | undefined
}

/** The rules that apply to one caller, compiled. */
export interface Policy {
  /** Each list must allow the model. */
  readonly models: readonly NamePattern[]
  readonly endpoints: readonly NamePattern[]
  readonly maxBodyBytes: number
}

/** Whether a name is on a list of names and patterns. */
export interface NamePattern {
  readonly text: string
  allows(name: string): boolean
}

export type FindPolicy = (principal: Principal) => Policy

export function createPolicyFinder(rules: readonly PolicyRule[], defaultMaxBodyBytes: number): FindPolicy {
  const compiled = rules.map((rule) => ({ rule, policy: compilePolicy([rule], defaultMaxBodyBytes) }))
  const forEverybody = compilePolicy(
    rules.filter((rule) => !namesSomebody(rule)),
    defaultMaxBodyBytes,
  )
  const forSomebody = compiled.filter(({ rule }) => namesSomebody(rule))
  if (forSomebody.length === 0) return () => forEverybody
  return (principal) => {
    const matching = forSomebody.filter(({ rule }) => matches(rule, principal)).map(({ policy }) => policy)
    return matching.length === 0 ? forEverybody : combine([forEverybody, ...matching])
  }
}

function compilePolicy(rules: readonly PolicyRule[], defaultMaxBodyBytes: number): Policy {
  return {
    models: rules.flatMap((rule) => (rule.models === undefined ? [] : [compileNames(rule.models)])),
    endpoints: rules.flatMap((rule) => (rule.endpoints === undefined ? [] : [compileNames(rule.endpoints)])),
    maxBodyBytes: Math.min(defaultMaxBodyBytes, ...rules.flatMap((rule) => rule.maxBodyBytes ?? [])),
  }
}

function combine(policies: readonly Policy[]): Policy {
  return {
    models: policies.flatMap((policy) => policy.models),
    endpoints: policies.flatMap((policy) => policy.endpoints),
    maxBodyBytes: Math.min(...policies.map((policy) => policy.maxBodyBytes)),
  }
}

function compileNames(names: readonly string[]): NamePattern {
  const expression = new RegExp(`^(?:${names.map((name) => name.split('*').map(escapeForRegExp).join('.*')).join('|')})$`)
  return { text: names.join(', '), allows: (name) => expression.test(name) }
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
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
