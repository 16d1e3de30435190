import { createFieldIndex } from '../lib/field-index.js'
import { describeBinding, mostSpecificFirst, type PrincipalFields, rankOf } from '@postern/ports'
import type { BoundKey, FindKey } from './find-key.js'
import type { KeyLease } from './route.js'

/** One entry of `bindings`: the principals that use a key. An entry without user, team and project is the default. */
export interface Binding extends PrincipalFields {
  /** The alias of the key. */
  readonly key: string
}

/**
 * Compiles bindings, so that a request costs the same with ten of them as with a million.
 *
 * @param leaseOf Returns the key with an alias. Asked when a binding is found for the first time.
 */
export function createKeyFinder(bindings: readonly Binding[], leaseOf: (alias: string) => KeyLease): FindKey {
  const index = createFieldIndex(mostSpecificFirst, bindings, (binding) => binding)
  /** What is known of the bindings that were found: most of many are not asked for in a while. */
  const found = new Map<Binding, BoundKey>()
  return (principal) => {
    const binding = index.first(principal)
    if (binding === undefined) return undefined
    let bound = found.get(binding)
    if (bound === undefined)
      found.set(binding, (bound = { key: leaseOf(binding.key), binding: describeBinding(binding), rank: rankOf(binding) }))
    return bound
  }
}
