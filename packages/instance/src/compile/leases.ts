import type { CheckedConfig } from '@postern/config'
import type { Gateway, KeyLease } from '@postern/core'
import type { Secret } from '@postern/ports'

/** The leases of a configuration's keys. Each is made when it is asked for: most of many keys are not used in a while. */
export class Leases {
  readonly #checked: CheckedConfig
  readonly #gateways: ReadonlyMap<string, Gateway>
  readonly #made = new Map<string, KeyLease>()

  constructor(checked: CheckedConfig, gateways: ReadonlyMap<string, Gateway>) {
    this.#checked = checked
    this.#gateways = gateways
  }

  of(alias: string): KeyLease {
    let lease = this.#made.get(alias)
    if (lease === undefined) this.#made.set(alias, (lease = this.#make(alias)))
    return lease
  }

  *[Symbol.iterator](): Iterator<KeyLease> {
    for (const alias of Object.keys(this.#checked.config.keys)) yield this.of(alias)
  }

  #make(alias: string): KeyLease {
    const { config, secrets, tenants } = this.#checked
    const settings = config.keys[alias] as CheckedConfig['config']['keys'][string]
    return {
      alias,
      gateway: this.#gateways.get(settings.gateway) as Gateway,
      secret: secrets.get(`keys.${alias}.secret`) as Secret,
      providerSecret: secrets.get(`keys.${alias}.providerSecret`),
      project: settings.project,
      currency: settings.currency,
      mayStore: settings.shared || tenants.get(alias)?.several === false,
    }
  }
}

/** Every secret of every key, for the search in answers. */
export function secretsOfKeys({ secrets }: CheckedConfig): Iterable<{ readonly alias: string; readonly secret: Secret }> {
  return {
    *[Symbol.iterator]() {
      for (const [path, secret] of secrets) {
        if (!path.startsWith(beforeAlias)) continue
        yield { alias: path.slice(beforeAlias.length, path.lastIndexOf('.')), secret }
      }
    },
  }
}

/** How the path of a key's secret begins: an alias and `.secret` or `.providerSecret` follow. */
const beforeAlias = 'keys.'
