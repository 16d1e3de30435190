import { type PrincipalFields, principalFields } from '../principal.js'
import type { KeyLease } from './route.js'

/** One line of `bindings`: for whom a key is used. Without any field it is the default that an operator wrote. */
export interface Binding extends PrincipalFields {
  readonly key: KeyLease
}

export interface BoundKey {
  readonly key: KeyLease
  /** Which binding it was, for people. */
  readonly binding: string
}

/** Finds the most specific binding of a principal; `undefined` means that there is no key and no way to another. */
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

/** Compiles bindings to one map per shape, so that a million cost a request no more than ten. */
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

/** What two bindings must not share: the fields they name, with their values. */
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

/** Values cannot hold a newline: names with control characters are refused where they enter. */
function indexOf(fields: PrincipalFields, shape: Shape): string | undefined {
  let index = ''
  for (const field of shape) {
    const value = fields[field]
    if (value === undefined) return undefined
    index += `${value}\n`
  }
  return index
}
