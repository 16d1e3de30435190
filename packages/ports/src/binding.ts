import { type PrincipalFields, principalFields } from './principal.js'

/**
 * Equal for two bindings that match the same principals; the configuration must not hold two such bindings. No name is empty or
 * holds a line feed.
 */
export function bindingIdentity({ user = '', team = '', project = '' }: PrincipalFields): string {
  return `${user}\n${team}\n${project}`
}

/** `user=u_7 project=labs`, or `default`. */
export function describeBinding(binding: PrincipalFields): string {
  const named = principalFields.filter((field) => binding[field] !== undefined).map((field) => `${field}=${binding[field]}`)
  return named.length === 0 ? 'default' : named.join(' ')
}
