import type { CheckedConfig } from '@postern/config'
import { describeBinding } from '@postern/ports'
import type { ListedKey } from './describe-keys.js'

/** How many bindings of one key are listed at most. */
const maxBindings = 5

/** The keys of the configuration, each with the place of its secret and the first principals that use it. */
export function listOwnKeys({ config: { keys, bindings } }: Pick<CheckedConfig, 'config'>): readonly ListedKey[] {
  const users = new Map<string, string[]>()
  for (const binding of bindings) users.set(binding.key, [...(users.get(binding.key) ?? []), describeBinding(binding)])
  return Object.entries(keys).map(([alias, { gateway, secret, expires }]) => {
    const [kind = '', place] = Object.entries(secret)[0] ?? []
    const from = typeof place === 'string' ? `${kind} ${place}` : kind
    return {
      alias,
      gateway,
      from,
      bindings: (users.get(alias) ?? []).slice(0, maxBindings),
      ...(expires === undefined ? {} : { expires: String(expires) }),
    }
  })
}
