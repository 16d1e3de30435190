import { type Dialect, type Dialects, endpointsOf } from '@postern/gateways'
import type { Secret } from '@postern/ports'
import type { Parts } from './lenient-sections.js'
import { type Problem, warning } from './problem.js'
import { findTenants, type Tenants } from './tenants.js'

/** How many bindings or keys a warning names. */
const maxNamed = 3

/** Warns of a key with several tenants, under which no caller may store objects. */
export function checkSharing(parts: Parts, dialects: Dialects, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  const tenants = findTenants(
    parts.keys.keys(),
    parts.bindings.map(({ part }) => part),
    secrets,
  )
  for (const [alias, { path, part }] of parts.keys) {
    const gateway = parts.gateways.get(part.gateway)
    const { bindings, several, twins } = tenants.get(alias) as Tenants
    if (gateway === undefined || !several || part.shared || !stores(dialects[gateway.part.dialect] as Dialect)) continue
    const reach = `several tenants (${firstOf(bindings)}), who could read what the others store; so nothing may be stored under it.`
    const ifTheyMay = 'if they may: then files, stored responses and conversations pass.'
    const secret = part.providerSecret === undefined ? 'secret' : 'providerSecret'
    problems.push(
      twins.length === 0
        ? warning(path, `is used by ${reach}`, `Bind a key to each tenant, or write "shared: true" ${ifTheyMay}`)
        : warning(
            path,
            `has the same ${secret} as ${firstOf(twins.map((twin) => `keys.${twin}`))}, so to the gateway they are one key of ${reach}`,
            `Give each a ${secret} of its own, or write "shared: true" at each ${ifTheyMay}`,
          ),
    )
  }
}

/** Joins the first names, and counts the rest. */
function firstOf(names: readonly string[]): string {
  return names.slice(0, maxNamed).join(', ') + (names.length > maxNamed ? ` and ${names.length - maxNamed} more` : '')
}

/** Whether gateways of this dialect store objects of callers. Tasks do not count: their ids are sealed. */
function stores({ endpoints }: Dialect): boolean {
  return Object.values(endpoints)
    .flatMap(endpointsOf)
    .some(({ object, format }) => object !== undefined || format.storedUnlessRefused === true)
}
