import { bindingIdentity, type PrincipalFields } from '@postern/ports'
import type { Config } from './schema.js'

/** The aliases of the keys to which the configuration binds principals. A binding of the ring for the same principals does not count. */
export class OwnBindings {
  readonly #aliases: ReadonlyMap<string, string>

  constructor({ bindings }: Pick<Config, 'bindings'>) {
    this.#aliases = new Map(bindings.map((binding) => [bindingIdentity(binding), binding.key]))
  }

  /** The key that a principal has by the configuration; `undefined`: it binds no such principal. */
  keyOf(principal: PrincipalFields): string | undefined {
    return this.#aliases.get(bindingIdentity(principal))
  }
}
