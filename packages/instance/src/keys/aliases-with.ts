import type { CheckedConfig } from '@postern/config'

type Key = CheckedConfig['config']['keys'][string]

/** The aliases of a configuration's keys that have something which few keys have. */
export function aliasesWith({ config: { keys } }: Pick<CheckedConfig, 'config'>, has: (key: Key) => boolean): readonly string[] {
  const aliases: string[] = []
  // A list of pairs would be made for each of what may be 100,000 keys.
  for (const alias in keys) if (has(keys[alias] as Key)) aliases.push(alias)
  return aliases
}
