import type { Period, PrincipalFields } from '@postern/ports'

/** Who or what has a count of its own under a rule. */
export type CountedApart = 'user' | 'team' | 'project' | 'key' | 'workflow' | 'session'

/** What a rule bounds: calls that are sent, streams that are open at once, tokens, or money. */
export type LimitedUnit = 'requests' | 'streams' | 'tokens' | 'spend'

/** Whether an amount of it is known only when a call has ended, so that the most is set aside before. */
export function isMeasured(unit: LimitedUnit): boolean {
  return unit === 'tokens' || unit === 'spend'
}

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
  /** Of `spend`: what it is counted in, `credits` or an ISO 4217 currency. */
  readonly currency?: string | undefined
  /** Of `spend`: in billionths. */
  readonly limit: number
  /** What happens while the store cannot be asked. */
  readonly onUnavailable: 'refuse' | 'allow'
}
