import { deserialize, serialize } from 'node:v8'
import { type CheckedConfig, type ProxyVariables, proxyVariablesOf, readProxies, type Tenants } from '@postern/config'
import { dialects } from '@postern/gateways'
import { Secret } from '@postern/ports'
import { environmentOver } from '../own-variables.js'

/**
 * A checked configuration on its way to a worker, with its secrets, as bytes. It goes over a pipe that no other process has: neither into
 * arguments nor into an environment.
 */
export type PackedConfig = Uint8Array

interface Packed extends Omit<CheckedConfig, 'secrets' | 'tenants' | 'dialects' | 'proxyOf'> {
  /** The values of secrets by their settings. */
  readonly secrets: readonly (readonly [path: string, value: string])[]
  readonly tenants: readonly (readonly [alias: string, tenants: Tenants])[]
  readonly proxies: ProxyVariables
}

/**
 * Packs a configuration as the primary has checked it. A worker reads and checks nothing anew, so every worker has what the primary has.
 *
 * @param dotenv The variables of the `.env` beside the configuration, which may name proxies.
 */
export function packConfig(checked: CheckedConfig, dotenv: Readonly<Record<string, string>>): PackedConfig {
  const { secrets, tenants, dialects: _, proxyOf: __, ...rest } = checked
  const packed: Packed = {
    ...rest,
    secrets: [...secrets].map(([path, secret]) => [path, secret.reveal()] as const),
    // Written out, since what finds them out when it is asked has no members of its own.
    tenants: [...tenants].map(([alias, { aliases, bindings, several }]) => [alias, { aliases, bindings, several }] as const),
    proxies: proxyVariablesOf(environmentOver(dotenv)),
  }
  return serialize(packed)
}

export function unpackConfig(bytes: PackedConfig): CheckedConfig {
  const { secrets, tenants, proxies, ...rest } = deserialize(bytes) as Packed
  return {
    ...rest,
    secrets: new Map(secrets.map(([path, value]) => [path, new Secret(value)])),
    tenants: new Map(tenants),
    dialects,
    proxyOf: readProxies(proxies).proxyOf,
  }
}
