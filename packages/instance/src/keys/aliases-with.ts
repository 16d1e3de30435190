import { type CheckedConfig, unusualKeys } from '@postern/config'

type Key = CheckedConfig['config']['keys'][string]

/** The aliases of a configuration's keys that have something beside a gateway, and a secret from a variable or a file. */
export function aliasesWith({ config: { keys } }: Pick<CheckedConfig, 'config'>, has: (key: Key) => boolean): readonly string[] {
  return unusualKeys(keys).filter((alias) => has(keys[alias] as Key))
}
