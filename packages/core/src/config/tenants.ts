import { bindingIdentity, describeBinding } from '../resolve/bindings.js'
import type { Secret } from '../secret.js'
import type { Config } from './schema.js'

type BindingLine = Config['bindings'][number]

/** Who uses a key, so far as the configuration says. */
export interface Tenants {
  /** The bindings that lead to its account, for people: `team=acme`. */
  readonly bindings: readonly string[]
  /** More than one tenant does, or anybody. */
  readonly several: boolean
  /** The other keys that lead to the account: they have the same secret. */
  readonly twins: readonly string[]
}

/**
 * Tells for each key which bindings lead to the account behind it. Two keys with one secret are one account; where the
 * provider's key travels beside the gateway's, what is stored is stored under the provider's.
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
  // Two lines for one caller are a mistake that is told elsewhere, and not two tenants.
  const different = [...new Map(lines.map((line) => [bindingIdentity(line), line])).values()]
  return { bindings: different.map(describeBinding), several: different.length > 1 || lines.some((line) => line.default === true) }
}

/** The same text for the same secret, from which the secret cannot be told. A secret that is not there is one of its own. */
function accountOf(alias: string, secrets: ReadonlyMap<string, Secret>): string {
  const secret = secrets.get(`keys.${alias}.providerSecret`) ?? secrets.get(`keys.${alias}.secret`)
  return secret === undefined ? `alias ${alias}` : secret.deriveKey('postern account').export().toString('base64')
}
