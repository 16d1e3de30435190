import type { Config } from './schema.js'

/** Of the keys of a configuration the aliases of those that have more than a gateway, and a secret from a variable or a file. */
const known = new WeakMap<Config['keys'], readonly string[]>()

/** Notes what {@link unusualKeys} returns for these keys. */
export function noteUnusualKeys(keys: Config['keys'], aliases: readonly string[]): void {
  known.set(keys, aliases)
}

/**
 * The aliases of the keys that may have more than a gateway, and a secret from a variable or a file. If the
 * reader of the configuration noted none for this `keys` object, the function returns every alias. Most configurations of 100,000 keys have no
 * such key, so checks that call this function visit none of the others.
 */
export function unusualKeys(keys: Config['keys']): readonly string[] {
  return known.get(keys) ?? Object.keys(keys)
}
