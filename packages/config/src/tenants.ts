import { bindingIdentity, describeBinding, type Secret } from '@postern/ports'
import type { Config } from './schema.js'

type BindingLine = Config['bindings'][number]

/** The tenants of a key, by the configuration. */
export interface Tenants {
  /** The bindings that use the key's account, as text: `team=acme`. */
  readonly bindings: readonly string[]
  /** Two or more bindings use the account, or a default binding does. */
  readonly several: boolean
  /** The aliases of other keys of the same account: they have the same secret. */
  readonly twins: readonly string[]
}

/**
 * Finds for each key the bindings that use its account. Two keys with the same secret share an account. If a key has a
 * `providerSecret`, that secret decides, since the provider stores objects under its own key.
 */
export function findTenants(
  aliases: Iterable<string>,
  bindings: readonly BindingLine[],
  secrets: ReadonlyMap<string, Secret>,
): ReadonlyMap<string, Tenants> {
  const accounts = new Map([...aliases].map((alias) => [alias, accountOf(alias, secrets)]))
  const leading = new Map<string, BindingLine[]>()
  for (const binding of bindings) {
    const account = accounts.get(binding.key)
    if (account === undefined) continue
    const lines = leading.get(account)
    if (lines === undefined) leading.set(account, [binding])
    else lines.push(binding)
  }
  const tenants = new Map([...leading].map(([account, lines]) => [account, tenantsOf(lines)]))
  const together = new Map<string, string[]>()
  for (const [alias, account] of accounts) {
    const aliases = together.get(account)
    if (aliases === undefined) together.set(account, [alias])
    else aliases.push(alias)
  }
  return new Map(
    [...accounts].map(([alias, account]) => {
      const twins = (together.get(account) ?? []).filter((other) => other !== alias)
      return [alias, { ...(tenants.get(account) ?? { bindings: [], several: false }), twins }]
    }),
  )
}

function tenantsOf(lines: readonly BindingLine[]): Omit<Tenants, 'twins'> {
  // Two bindings for the same principal count as one tenant; `checkBindings` reports them.
  const different = [...new Map(lines.map((line) => [bindingIdentity(line), line])).values()]
  return { bindings: different.map(describeBinding), several: different.length > 1 || lines.some((line) => line.default === true) }
}

/** A text that is equal for equal secrets and does not reveal them. A key whose secret is missing has an account of its own. */
function accountOf(alias: string, secrets: ReadonlyMap<string, Secret>): string {
  const secret = secrets.get(`keys.${alias}.providerSecret`) ?? secrets.get(`keys.${alias}.secret`)
  return secret === undefined ? `alias ${alias}` : secret.fingerprint()
}
