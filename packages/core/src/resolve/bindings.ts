import { createFieldIndex } from '../lib/field-index.js'
import { describeBinding, mostSpecificFirst, type PrincipalFields } from '@postern/ports'
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

/** Compiles bindings, so that a request costs the same with ten of them as with a million. */
export function createKeyFinder(bindings: readonly Binding[]): FindKey {
  const bound = bindings.map((binding): BoundKey & { readonly fields: PrincipalFields } => ({
    key: binding.key,
    binding: describeBinding(binding),
    fields: binding,
  }))
  const index = createFieldIndex(mostSpecificFirst, bound, ({ fields }) => fields)
  return (principal) => index.first(principal)
}
