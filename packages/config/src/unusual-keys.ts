import type { Config } from './schema.js'

/** Of the keys of a configuration the aliases of those that have more than a gateway, and a secret from a variable or a file. */
const known = new WeakMap<Config['keys'], readonly string[]>()

/** Notes what {@link unusualKeys} returns for these keys. */
export function noteUnusualKeys(keys: Config['keys'], aliases: readonly string[]): void {
  known.set(keys, aliases)
}

/**
 * The aliases of the keys that may have more than a gateway, and a secret from a variable or a file. Of 100,000 keys there are mostly none, and
 * nobody needs to look at each of them again. Where they were not noted, these are all.
 */
export function unusualKeys(keys: Config['keys']): readonly string[] {
  return known.get(keys) ?? Object.keys(keys)
}
