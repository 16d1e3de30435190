import { type BindingFields, describeBinding } from '@postern/ports'
import { createBindingIndex } from './binding-index.js'
import type { BoundKey, FindKey } from './find-key.js'
import type { KeyLease } from './route.js'

/** One entry of `bindings`: the callers that use a key. An entry that names nobody is the default. */
export interface Binding extends BindingFields {
  /** The alias of the key. */
  readonly key: string
}

/**
 * Compiles bindings, so that a request costs the same with ten of them as with a million.
 *
 * @param leaseOf Returns the key with an alias. Asked when a binding is found for the first time.
 */
export function createKeyFinder(bindings: readonly Binding[], leaseOf: (alias: string) => KeyLease): FindKey {
  const find = createBindingIndex(bindings)
  /** What is known of the bindings that were found: most of many are not asked for in a while. Of own and delegated calls apart. */
  const known = [new Map<Binding, BoundKey>(), new Map<Binding, BoundKey>()] as const
  return (caller) => {
    const found = find(caller)
    if (found === undefined) return undefined
    const { binding, rank } = found
    const ofKind = known[caller.actsFor === true ? 1 : 0]
    let bound = ofKind.get(binding)
    if (bound === undefined) ofKind.set(binding, (bound = { key: leaseOf(binding.key), binding: describeBinding(binding), rank }))
    return bound
  }
}
