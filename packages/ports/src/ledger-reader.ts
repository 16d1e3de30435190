/** What calls can be told apart by, besides the day. Each is also a filter. */
export const usageFilters = ['user', 'team', 'project', 'key', 'gateway', 'model', 'workflow', 'step', 'code'] as const

/** What a question can group calls by. `day`: the day in UTC on which a call arrived. */
export const usageFields = [...usageFilters, 'day'] as const

export type UsageFilter = (typeof usageFilters)[number]
export type UsageField = (typeof usageFields)[number]

/** A question about many calls. */
export interface UsageQuestion {
  /** Calls that arrived at this time or later, in whole milliseconds since the epoch. */
  readonly sinceMs: number
  /** Calls that arrived before this time, in whole milliseconds since the epoch. */
  readonly untilMs: number
  /** The fields of the groups. Empty: all calls together. */
  readonly by: readonly UsageField[]
  /** Only calls with exactly this value; the empty text stands for calls without one. Default: every call. */
  readonly only?: Readonly<Partial<Record<UsageFilter, string>>>
}

/** What was paid in one unit. */
export interface UsageCost {
  /** `credits`, or an ISO 4217 currency such as `USD`. */
  readonly unit: string
  /** In whole billionths of the unit; exact. */
  readonly amount: bigint
}

/** What the calls of one group used. */
export interface UsageRow {
  /** The values of the fields that the question named. A field is absent if the calls have no value. */
  readonly group: Readonly<Partial<Record<UsageField, string>>>
  /** All calls, also those that were refused. */
  readonly calls: number
  /** Calls that were sent and got an error of the gateway or an answer that broke off, or whose process died. */
  readonly failed: number
  /** Calls that Postern refused: nothing was sent to the gateway. */
  readonly refused: number
  /** Tokens, as gateways reported them or as they are {@link estimated}. `cached` is part of `input`, and `reasoning` is part of `output`. */
  readonly input: number
  readonly output: number
  readonly cached: number
  readonly reasoning: number
  /** One for each unit, in the order of their names. Amounts of different units are never added. */
  readonly costs: readonly UsageCost[]
  /**
   * Of how many calls tokens or cost are not what the gateway reported, but what limits booked or the price file says, since it reported
   * nothing or a part alone.
   */
  readonly estimated: number
  /** How many calls were sent whose tokens are not known. */
  readonly withoutUsage: number
  /** How many calls were sent whose cost is not known. */
  readonly withoutCost: number
}

/** A call of a workflow. What is not known is absent. */
export interface WorkflowCall {
  readonly requestId: string
  readonly step?: string
  readonly parentStep?: string
  /** When it arrived, in milliseconds since the epoch. */
  readonly startMs: number
  /** Until the client had the whole answer, in milliseconds. */
  readonly durationMs: number
  readonly user?: string
  readonly team?: string
  readonly project?: string
  readonly key?: string
  readonly gateway?: string
  readonly model?: string
  /** The status that the client got; 499 if it left before; 0 if its process died. */
  readonly status: number
  readonly code?: string
  readonly finish?: string
  /** The attempts that failed and were followed by another, from the first to the last. */
  readonly earlier: readonly { readonly attempt: number; readonly code: string }[]
  readonly input?: number
  readonly output?: number
  readonly cost?: UsageCost
  /** `true`: tokens or cost are not what the gateway reported, as in {@link UsageRow.estimated}. */
  readonly estimated?: true
}

/** A call as the ledger keeps it. What is not known is absent. */
export interface KeptCall extends WorkflowCall {
  readonly workflow?: string
  readonly method: string
  readonly path: string
  /** The kind of credential. */
  readonly via?: string
  /** The credential's name: a service label, or `session:` and the id of a session. */
  readonly caller?: string
}

/** How a call ended, in few words. `refused`: by Postern, and nothing was sent. `failed`: its gateway failed, or its answer broke off. */
export type CallEnding = 'refused' | 'failed'

/** A question about single calls. */
export interface CallsQuestion extends Pick<UsageQuestion, 'sinceMs' | 'untilMs' | 'only'> {
  /** Only calls that ended so. Default: however they ended. */
  readonly ended?: CallEnding | undefined
  /** Only the call with this `X-Request-ID`. Default: every call. */
  readonly requestId?: string | undefined
  /** How many calls to give at most. */
  readonly most: number
}

/** The calls of a workflow. */
export interface WorkflowRun {
  /** In the order of their arrival: the first 10,000. */
  readonly calls: readonly WorkflowCall[]
  /** How many there are. */
  readonly total: number
}

/** Answers questions about what the ledger holds. */
export interface LedgerReader {
  /**
   * Adds up the calls of a time, in groups; in the order of the values of the groups. An entry is counted once it is stored, which may
   * be a moment after its call.
   *
   * @param progress Is told how much of the work is done, as a share from 0 to 1.
   */
  usage(question: UsageQuestion, progress?: (done: number) => void): Promise<readonly UsageRow[]>
  /**
   * The calls of a workflow. A workflow that nobody knows has none.
   *
   * @param only Whose calls: `team` has those of one team, with the empty text those of nobody's. Default: whoever made them.
   */
  workflow(id: string, only?: { readonly team?: string }): Promise<WorkflowRun>
  /** Single calls, the last ones first. */
  calls(question: CallsQuestion): Promise<readonly KeptCall[]>
  /** Ends the reader. What is asked afterwards rejects. */
  close(): Promise<void>
}
