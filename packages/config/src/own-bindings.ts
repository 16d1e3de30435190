import { type BindingFields, bindingIdentity } from '@postern/ports'
import type { Config } from './schema.js'

/** The aliases of the keys to which the configuration binds principals. A binding of the ring for the same principals does not count. */
export class OwnBindings {
  readonly #aliases: ReadonlyMap<string, string>

  constructor({ bindings }: Pick<Config, 'bindings'>) {
    this.#aliases = new Map(bindings.map((binding) => [bindingIdentity(binding), binding.key]))
  }

  /** The key that the configuration binds the same callers to; `undefined`: it has no such binding. */
  keyOf(binding: BindingFields): string | undefined {
    return this.#aliases.get(bindingIdentity(binding))
  }
}
