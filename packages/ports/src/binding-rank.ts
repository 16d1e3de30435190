import type { BindingFields } from './binding.js'
import type { Principal } from './principal.js'

/** The caller as bindings see it: each field that the verified credential vouches for, or that a delegate names. */
export type BoundCaller = Pick<Principal, 'user' | 'team' | 'project' | 'service' | 'workflow' | 'actsFor'>

/** What a binding may name besides a workflow. */
type NamedField = Exclude<keyof BindingFields, 'workflow'>

/** The fields that one kind of binding names. */
export interface BindingShape {
  /** In the order in which they count. */
  readonly named: readonly NamedField[]
  /** Whether it has a pattern of workflows too. */
  readonly workflow: boolean
}

/**
 * Every combination of fields that a binding can name, the one that counts first before the others. Each field counts more than all behind
 * it together: workflow, service, user, project, team. No credential vouches for both a workflow and a service label.
 */
export const shapesOfOwn: readonly BindingShape[] = [
  ...combinationsOf<NamedField>(['user', 'project', 'team']).map((named) => ({ named, workflow: true })),
  ...combinationsOf<NamedField>(['service', 'user', 'project', 'team']).map((named) => ({ named, workflow: false })),
]

/**
 * The same for a call that a service caller makes for somebody else: whom the call is for counts before the label of who makes it, so that
 * a tenant's own key is never replaced by that of the application.
 */
export const shapesOfDelegated: readonly BindingShape[] = combinationsOf<NamedField>(['user', 'project', 'team', 'service']).map(
  (named) => ({
    named,
    workflow: false,
  }),
)

/** The shapes in the order that holds for a caller. */
export function shapesFor({ actsFor }: Pick<BoundCaller, 'actsFor'>): readonly BindingShape[] {
  return actsFor === true ? shapesOfDelegated : shapesOfOwn
}

/** The longest id of a workflow, in characters. */
export const maxWorkflowChars = 64

/** How many ranks a shape has: one for a whole id, and one for each length of a beginning. */
const ranksOfShape = maxWorkflowChars + 2

/**
 * How specific a binding is for a caller; the smaller number counts. First the fields that it names decide, then its pattern: a whole id
 * before a beginning, and a longer beginning before a shorter one.
 *
 * @param place The place of the binding's shape in {@link shapesFor} of the caller.
 * @param pattern Its pattern of workflows; `undefined`: it has none.
 */
export function rankOf(place: number, pattern: string | undefined): number {
  const inShape = pattern?.endsWith('*') === true ? maxWorkflowChars + 2 - pattern.length : 0
  return place * ranksOfShape + inShape
}

/** The patterns that match a workflow, the most specific first: its id, then its beginnings, `*` last. At most 66. */
export function patternsFor(workflow: string): readonly string[] {
  const beginnings = Array.from({ length: workflow.length + 1 }, (_, shorter) => `${workflow.slice(0, workflow.length - shorter)}*`)
  return [workflow, ...beginnings]
}

/** All choices of some fields, in the order of a number whose highest digit is the first field. The last one is empty. */
function combinationsOf<Field>(fields: readonly Field[]): readonly (readonly Field[])[] {
  const [first, ...others] = fields
  if (first === undefined) return [[]]
  const rest = combinationsOf(others)
  return [...rest.map((chosen) => [first, ...chosen]), ...rest]
}
