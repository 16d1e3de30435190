import type { CheckedConfig } from '@postern/config'
import type { LoadedKeys } from '@postern/core'
import { type LiveSecrets, type Secret, searchedSecrets } from '@postern/ports'
import { secretsOfKeys } from './leases.js'
import { HeldValue, type Searches, searchesFor } from '../keys/held-value.js'

/**
 * Answers and log lines are searched for another hour for what a configuration had and the next one lacks: a key that was replaced or
 * taken out may still open something, wherever it came from. Values that sources gave and keys of the ring are held so by themselves.
 */
export function holdFormer(before: CheckedConfig, after: CheckedConfig, loaded: LoadedKeys, live: LiveSecrets): void {
  const gone = new Map([...before.secrets].filter(([path, secret]) => after.secrets.get(path)?.equals(secret) !== true))
  if (gone.size === 0) return
  const keys = new Set<Secret>()
  for (const { alias, secret } of secretsOfKeys({ secrets: gone })) {
    keys.add(secret)
    hold(secret, searchesFor(alias, loaded, live))
  }
  const inLogAlone = { add: (secret: Secret) => live.add(secret), remove: (secret: Secret) => live.remove(secret) }
  for (const secret of searchedSecrets(gone)) if (!keys.has(secret)) hold(secret, inLogAlone)
}

function hold(secret: Secret, searches: Searches): void {
  new HeldValue(secret, searches, undefined, undefined).replace()
}
