import type { Period, PrincipalFields } from '@postern/ports'

/** Who or what has a count of its own under a rule. */
export type CountedApart = 'user' | 'team' | 'project' | 'key' | 'workflow' | 'session'

/** What a rule bounds: calls that are sent, or streams that are open at once. */
export type LimitedUnit = 'requests' | 'streams'

/** One limit of the configuration. A call must pass every rule that matches it. */
export interface LimitRule extends PrincipalFields {
  /** Where it stands, for `explain` and the log: `limits.rules[2]`. */
  readonly path: string
  /** What it counts under; a rule of the same text goes on with the same count. */
  readonly countedUnder: string
  /** What clients see. */
  readonly title: string
  readonly each?: CountedApart | undefined
  readonly key?: string | undefined
  readonly gateway?: string | undefined
  /** A model's name, or a pattern with `*`. */
  readonly model?: string | undefined
  readonly per?: Period | undefined
  readonly unit: LimitedUnit
  readonly limit: number
  /** What happens while the store cannot be asked. */
  readonly onUnavailable: 'refuse' | 'allow'
}
