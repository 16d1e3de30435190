import type { KeySecretReference } from './key-source-schemas.js'
import type { Config } from './schema.js'
import { unusualKeys } from './unusual-keys.js'

/** Every URL that sources of keys are asked at. */
export function addressesOfSources({ keys, vault }: Pick<Config, 'keys' | 'vault'>): readonly string[] {
  const addresses = vault === undefined ? [] : [vault.url, ...vault.redirects]
  for (const alias of unusualKeys(keys)) {
    const address = tokenEndpointOf((keys[alias] as Config['keys'][string]).secret)
    if (address !== undefined) addresses.push(address)
  }
  return addresses
}

function tokenEndpointOf(reference: KeySecretReference): string | undefined {
  if ('oauth' in reference) return reference.oauth.url
  return 'tokenExchange' in reference ? reference.tokenExchange.url : undefined
}
