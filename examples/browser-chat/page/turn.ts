import type { GovernanceRecord } from '@postern/client'

/** How an answer stands: on its way, whole, or why it is not. */
export type State = 'streaming' | 'complete' | 'cancelled' | 'broken' | 'refused'

export interface Turn {
  readonly id: number
  readonly prompt: string
  readonly text: string
  readonly state: State
  /** What went wrong, for people. */
  readonly trouble?: string
  /** The code of a refusal, or how a stream ended. */
  readonly code?: string
  readonly record?: GovernanceRecord
}
