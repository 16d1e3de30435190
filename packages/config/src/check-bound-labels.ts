import { createMeantBy, type RingEntry, type Secret } from '@postern/ports'
import type { Parts } from './lenient-sections.js'
import { oneOf, type Problem, problem, warning } from './problem.js'

/** How many labels a warning lists. */
const maxNamed = 5

/**
 * Checks the bindings that name a service label or a workflow. Refuses a binding with both, since no caller has both. Warns of a binding
 * that no caller can have: its label is not in the hash ring, or it names a workflow and `callers.session` is not configured.
 *
 * @param ring The entries of `callers.service.hashes`.
 */
export function checkBoundLabels(
  parts: Parts,
  secrets: ReadonlyMap<string, Secret>,
  ring: readonly RingEntry[],
  problems: Problem[],
): void {
  const labels = new Set(ring.map(({ label }) => label))
  // Of a ring that could not be read, it is not known who is in it.
  const isKnown = parts.service === undefined || secrets.has('callers.service.hashes')
  const meantBy = createMeantBy([...labels])
  for (const binding of parts.bindings) {
    const { service, workflow } = binding.part
    if (service === undefined && workflow === undefined) continue
    const { path } = binding
    if (service !== undefined && workflow !== undefined)
      problems.push(
        problem(
          path,
          'names a service caller and a workflow. A session token vouches for a workflow, and a service caller sends none: nobody has both.',
          'Write one of the two.',
        ),
      )
    else if (workflow !== undefined && parts.session === undefined)
      problems.push(
        warning(
          `${path}.workflow`,
          'leads nobody to the key: a workflow counts where a session token names it, and callers.session is not there.',
          'Write callers.session, or bind a service caller: service: LABEL.',
        ),
      )
    if (service === undefined || !isKnown || labels.has(service)) continue
    const meant = meantBy(service)
    problems.push(
      warning(
        `${path}.service`,
        `names "${service}", which has no credential in callers.service.hashes, so nobody is led to the key.`,
        meant === undefined
          ? `Write ${oneOf(new Set([...labels].slice(0, maxNamed)))}, or add it with "postern callers add ${service}".`
          : `Did you mean "${meant}"?`,
      ),
    )
  }
}
