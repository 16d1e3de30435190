import { type PrincipalFields, principalFields } from '../principal.js'
import type { KeyLease } from './route.js'

/** One entry of `bindings`: the principals that use a key. An entry without user, team and project is the default. */
export interface Binding extends PrincipalFields {
  readonly key: KeyLease
}

export interface BoundKey {
  readonly key: KeyLease
  /** The binding as text for people: see {@link describeBinding}. */
  readonly binding: string
}

/** Finds the most specific binding of a principal; `undefined` if no binding matches: there is no fallback key. */
export type FindKey = (principal: PrincipalFields) => BoundKey | undefined

type Shape = readonly (keyof PrincipalFields)[]

/**
 * The shapes a binding can have, most specific first: one that names a user beats one that names a project,
 * which beats one that names a team; then more fields beat fewer; the default comes last.
 */
const shapes: readonly Shape[] = [
  ['user', 'project', 'team'],
  ['user', 'project'],
  ['user', 'team'],
  ['user'],
  ['project', 'team'],
  ['project'],
  ['team'],
  [],
]

/** Compiles bindings to one map per shape, so a request costs the same with ten bindings as with a million. */
export function createKeyFinder(bindings: readonly Binding[]): FindKey {
  const tables = shapes
    .map((shape) => ({ shape, keys: new Map<string, BoundKey>() }))
    .map(({ shape, keys }) => {
      for (const binding of bindings) {
        if (shapeOf(binding) === shape) keys.set(indexOf(binding, shape) as string, { key: binding.key, binding: describeBinding(binding) })
      }
      return { shape, keys }
    })
    .filter(({ keys }) => keys.size > 0)

  return (principal) => {
    for (const { shape, keys } of tables) {
      const index = indexOf(principal, shape)
      const found = index === undefined ? undefined : keys.get(index)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** Equal for two bindings that match the same principals; the configuration must not hold two such bindings. */
export function bindingIdentity(binding: PrincipalFields): string {
  return JSON.stringify(principalFields.map((field) => binding[field] ?? null))
}

/** `user=u_7 project=labs`, or `default`. */
export function describeBinding(binding: PrincipalFields): string {
  const named = principalFields.filter((field) => binding[field] !== undefined).map((field) => `${field}=${binding[field]}`)
  return named.length === 0 ? 'default' : named.join(' ')
}

function shapeOf(binding: PrincipalFields): Shape | undefined {
  return shapes.find((shape) => principalFields.every((field) => (binding[field] !== undefined) === shape.includes(field)))
}

/** Joins with newlines, which no value holds: credentials and configuration refuse names with control characters. */
function indexOf(fields: PrincipalFields, shape: Shape): string | undefined {
  let index = ''
  for (const field of shape) {
    const value = fields[field]
    if (value === undefined) return undefined
    index += `${value}\n`
  }
  return index
}
