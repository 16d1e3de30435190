import {
  beginningOf,
  type BindingFields,
  bindingIdentity,
  type BoundCaller,
  describeBinding,
  patternsFor,
  rankOf,
  shapesFor,
} from '@postern/ports'

/** A binding that the ring may have for a caller. */
export interface Candidate {
  readonly selector: string
  /** How specific it is for the caller: see `rankOf`. */
  readonly rank: number
  /** In words: `team=acme (ring)`. */
  readonly title: string
}

/** The label or the patterns of workflows by which bindings may name a caller, beside user, team and project. */
export interface CallerLabels {
  /** Equal for callers with the same label or workflow. */
  readonly id: string
  /** The most specific first; at most 66. */
  readonly names: readonly string[]
  readonly field: 'service' | 'workflow'
}

/** @returns `undefined` for a caller who has neither. */
export function labelsOf({ service, workflow }: BoundCaller): CallerLabels | undefined {
  if (service !== undefined) return { id: beginningOf('service', service), names: [service], field: 'service' }
  if (workflow !== undefined) return { id: beginningOf('workflow', workflow), names: patternsFor(workflow), field: 'workflow' }
  return undefined
}

/**
 * Of the bindings that can be written, those that match a caller: the one that counts first before the others. The ring has no default.
 *
 * @param labels The label or the patterns of the caller that the ring has, the most specific first.
 */
export function candidatesOf(caller: BoundCaller, labels: readonly string[]): readonly Candidate[] {
  return shapesFor(caller).flatMap(({ named, workflow }, place): readonly Candidate[] => {
    if (named.some((field) => caller[field] === undefined) || (named.length === 0 && !workflow)) return []
    if (named.includes('service') && labels.length === 0) return []
    const fields: BindingFields = Object.fromEntries(named.map((field) => [field, caller[field]]))
    if (!workflow) return [candidateOf(fields, rankOf(place, undefined))]
    if (caller.workflow === undefined) return []
    return labels.map((pattern) => candidateOf({ ...fields, workflow: pattern }, rankOf(place, pattern)))
  })
}

function candidateOf(binding: BindingFields, rank: number): Candidate {
  return { selector: bindingIdentity(binding), rank, title: `${describeBinding(binding)} (ring)` }
}
