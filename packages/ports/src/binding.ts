import { type PrincipalFields, principalFields } from './principal.js'

/** Equal for two bindings that match the same principals; the configuration must not hold two such bindings. */
export function bindingIdentity(binding: PrincipalFields): string {
  return JSON.stringify(principalFields.map((field) => binding[field] ?? null))
}

/** `user=u_7 project=labs`, or `default`. */
export function describeBinding(binding: PrincipalFields): string {
  const named = principalFields.filter((field) => binding[field] !== undefined).map((field) => `${field}=${binding[field]}`)
  return named.length === 0 ? 'default' : named.join(' ')
}
