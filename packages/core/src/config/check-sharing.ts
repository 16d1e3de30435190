import type { Dialect, Dialects } from '@postern/gateways'
import type { Secret } from '../secret.js'
import type { Parts } from './parts.js'
import { type Problem, problem } from './problem.js'
import { findTenants, type Tenants } from './tenants.js'

/** Most bindings that a warning names. */
const mostNamed = 3

/** Which keys have several tenants, so that nothing may be stored under them? */
export function checkSharing(parts: Parts, dialects: Dialects, secrets: ReadonlyMap<string, Secret>, problems: Problem[]): void {
  const tenants = findTenants(
    parts.keys.keys(),
    parts.bindings.map(({ part }) => part),
    secrets,
  )
  for (const [alias, { path, part }] of parts.keys) {
    const gateway = parts.gateways.get(part.gateway)
    const { bindings, several } = tenants.get(alias) as Tenants
    if (gateway === undefined || !several || part.shared || !stores(dialects[gateway.part.dialect] as Dialect)) continue
    const named = bindings.slice(0, mostNamed).join(', ') + (bindings.length > mostNamed ? ` and ${bindings.length - mostNamed} more` : '')
    problems.push({
      ...problem(
        path,
        `is used by several tenants (${named}), who could read what the others store; so nothing may be stored under it.`,
        'Bind a key to each tenant, or write "shared: true" if they may: then files, stored responses and conversations pass.',
      ),
      severity: 'warning',
    })
  }
}

/** Whether anything stays at a gateway of this dialect, but for tasks, which are sealed. */
function stores({ endpoints }: Dialect): boolean {
  return Object.values(endpoints)
    .flatMap((entry) => ('methods' in entry ? [entry] : [...entry]))
    .some(({ object, format }) => object !== undefined || format.storedUnlessRefused === true)
}
