import { accountObject, type Dialect, type Dialects, endpointsOf } from '@postern/gateways'
import type { Parts } from './lenient-sections.js'
import { type Problem, warning } from './problem.js'
import type { Tenants } from './tenants.js'

/** How many bindings or keys a warning names. */
const maxNamed = 3

/** Warns of a key with several tenants, under which no caller may store objects; and of a key that has the secret of another one. */
export function checkSharing(parts: Parts, dialects: Dialects, tenants: ReadonlyMap<string, Tenants>, problems: Problem[]): void {
  for (const [alias, key] of parts.keys) {
    const account = tenants.get(alias) as Tenants
    if (!account.several && account.aliases.length === 1) continue
    const { path, part } = key
    const gateway = parts.gateways.get(part.gateway)
    if (gateway === undefined || !account.several || part.shared || !stores(dialects[gateway.part.dialect] as Dialect)) {
      if (account.aliases.length > 1 && account.aliases[0] !== alias) problems.push(warnOfTwin(path, part, account.aliases[0] as string))
      continue
    }
    const { aliases, bindings } = account
    const reach = `several tenants (${firstOf(bindings)}), who could read what the others store; so nothing may be stored under it.`
    const ifTheyMay = 'if they may: then files, stored responses and conversations pass.'
    const secret = part.providerSecret === undefined ? 'secret' : 'providerSecret'
    problems.push(
      aliases.length === 1
        ? warning(path, `is used by ${reach}`, `Bind a key to each tenant, or write "shared: true" ${ifTheyMay}`)
        : warning(
            path,
            `has the same ${secret} as ${firstTwins(aliases, alias)}, so to the gateway they are one key of ${reach}`,
            `Give each a ${secret} of its own, or write "shared: true" at each ${ifTheyMay}`,
          ),
    )
  }
}

/** Two keys of one secret look apart here, and are one key at the gateway. */
function warnOfTwin(path: string, { providerSecret }: { readonly providerSecret?: unknown }, first: string): Problem {
  const secret = providerSecret === undefined ? 'secret' : 'providerSecret'
  return warning(
    path,
    `has the same ${secret} as keys.${first}: to the gateway the two are one key, with one budget, one rotation and one end.`,
    `Give it a ${secret} of its own, or bind both callers to keys.${first}.`,
  )
}

/** Joins the first names, and counts the rest. */
function firstOf(names: readonly string[], count = names.length): string {
  return names.slice(0, maxNamed).join(', ') + (count > maxNamed ? ` and ${count - maxNamed} more` : '')
}

/** The other keys of an account, which may have many: each of them gets this warning. */
function firstTwins(aliases: readonly string[], alias: string): string {
  const twins = aliases.slice(0, maxNamed + 1).filter((other) => other !== alias)
  return firstOf(
    twins.map((twin) => `keys.${twin}`),
    aliases.length - 1,
  )
}

/** Whether gateways of this dialect store objects of the account. Objects that belong to callers do not count: their ids are sealed. */
function stores({ endpoints }: Dialect): boolean {
  return Object.values(endpoints)
    .flatMap(endpointsOf)
    .some((endpoint) => accountObject(endpoint) !== undefined || endpoint.format.storedUnlessRefused === true)
}
