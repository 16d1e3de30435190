import { bareMember, quote, textMember } from './json-member.js'

/** How a request ended. Only with `complete` is the answer whole. */
export type Finish =
  /** The gateway's answer reached its regular end. */
  | 'complete'
  /** Postern refused; nothing was sent to the gateway. */
  | 'refused'
  /** The gateway answered with an error, before or inside its stream, or did not answer. */
  | 'upstream_error'
  /** The gateway's answer broke off. */
  | 'truncated'
  /** The client disconnected first. */
  | 'client_closed'
  /** Postern cut the stream because the budget was spent. */
  | 'cut_budget'
  /** Postern ended the call because its process shut down and `shutdown.deadline` had passed. */
  | 'cut_shutdown'
  /** Postern ended the call because its session was revoked while the call was under way. */
  | 'cut_revoked'
  /** The process died while the call was under way. In the ledger alone: no client is told. */
  | 'interrupted'

/** Token counts as the gateway reported them. `cached` and `reasoning` are parts of the totals, not additions. */
export interface GovernanceUsage {
  readonly input?: number
  readonly output?: number
  /** Part of `input` that was read from the provider's cache. */
  readonly cached?: number
  /** Part of `output` that was spent on reasoning. */
  readonly reasoning?: number
  readonly total?: number
  /** Where the numbers came from: the `usage` of an answer or stream, or the gateway's own metadata. */
  readonly source: 'answer' | 'stream' | 'gateway_metadata'
}

/** What a request cost, in the gateway's own unit. */
export interface GovernanceCost {
  readonly amount: number
  /** `credits`, or an ISO 4217 currency such as `USD`. */
  readonly unit: string
}

/** How much of the plan's allowance is used, according to the gateway. */
export interface GovernanceQuota {
  readonly used: number
  readonly limit?: number
  readonly unit: 'tokens'
}

/** What is left of a limit. */
export interface GovernanceBudget {
  readonly amount: number
  /** `tokens`, `credits` or an ISO 4217 currency such as `USD`. */
  readonly unit: string
  /** The name of the limit. */
  readonly rule: string
}

/** The ceiling of tokens that Postern wrote into the request, for each of its answers. */
export interface GovernanceClamp {
  readonly ceiling: number
  /** What the request asked for; absent: it stated no ceiling. */
  readonly asked?: number
}

/**
 * What is known about one request. It travels in the header `Postern-Governance`, also of every error, and in the
 * last comment line of a stream.
 *
 * A field that is not known is absent, never guessed. The header of a stream holds what is known at its start; the
 * comment line holds the whole record.
 */
export interface GovernanceRecord {
  readonly request_id: string
  /** Attempts at the gateway so far; 0 if the request never left Postern. */
  readonly attempt: number
  readonly workflow?: string | undefined
  /** Whether the session was minted for this workflow. Otherwise only a header names it. */
  readonly workflow_verified?: boolean | undefined
  readonly step?: string | undefined
  /** Name of the gateway in the configuration. */
  readonly gateway?: string | undefined
  /** Alias of the gateway key, never the key. */
  readonly key?: string | undefined
  readonly model_requested?: string | undefined
  readonly model?: string | undefined
  readonly provider?: string | undefined
  /** Whether the gateway says that it moved to another provider or model. */
  readonly failover?: boolean | undefined
  readonly tier?: string | undefined
  readonly usage?: GovernanceUsage | undefined
  readonly cost?: GovernanceCost | undefined
  /** Of the limits of money and tokens that count the call: what is left of the one with the smallest share left. */
  readonly budget_left?: GovernanceBudget | undefined
  /** Absent if the request went out with the ceiling that it had. */
  readonly clamped?: GovernanceClamp | undefined
  /** The allowance of the gateway's account, if the gateway reports it. */
  readonly quota?: GovernanceQuota | undefined
  /** How strongly the gateway compressed the prompt, in its own word. */
  readonly intensity?: string | undefined
  /** The gateway's own id of the request, for its support; absent if it is the id that Postern sent. */
  readonly gateway_request_id?: string | undefined
  /** The gateway's own time with the request, its provider's included, in milliseconds. */
  readonly gateway_ms?: number | undefined
  /** If the gateway refused: how long it asks to wait, in seconds. The header `Retry-After` says 60 at most. */
  readonly retry_after?: number | undefined
  /** Absent in the header of a stream that has only begun. */
  readonly finish?: Finish | undefined
  /** The stream ended without its end mark, such as `[DONE]`, but each of its choices had a finish reason. */
  readonly ended_without_mark?: boolean | undefined
  /** Time spent in Postern, in milliseconds, without the time that it waited for the client or the gateway. */
  readonly overhead_ms?: number | undefined
}

/**
 * The part of a record that a page may see if `browser.record` is `public`: the call, the model, usage, cost and
 * ending. Left out are the gateway, key, provider, tier and allowance.
 */
export function publicGovernance(record: GovernanceRecord): GovernanceRecord {
  const { request_id, attempt, workflow, workflow_verified, step, model_requested, model } = record
  const { usage, cost, budget_left, clamped, gateway_ms, retry_after, finish, ended_without_mark, overhead_ms } = record
  return {
    request_id,
    attempt,
    workflow,
    workflow_verified,
    step,
    model_requested,
    model,
    usage,
    cost,
    budget_left,
    clamped,
    gateway_ms,
    retry_after,
    finish,
    ended_without_mark,
    overhead_ms,
  }
}

/** The beginning of the comment line that carries the record in a stream; every SSE client skips comments. */
export const governanceComment = ': postern '

/**
 * Writes a record as one line of JSON in which every character above ASCII is escaped, so that it fits a header and a
 * comment line.
 *
 * Written member by member: this runs for every request, and `JSON.stringify` takes twice the time.
 */
export function serializeGovernance(record: GovernanceRecord): string {
  return (
    `{"request_id":${quote(record.request_id)},"attempt":${record.attempt}` +
    textMember('workflow', record.workflow) +
    bareMember('workflow_verified', record.workflow_verified) +
    textMember('step', record.step) +
    textMember('gateway', record.gateway) +
    textMember('key', record.key) +
    textMember('model_requested', record.model_requested) +
    textMember('model', record.model) +
    textMember('provider', record.provider) +
    bareMember('failover', record.failover) +
    textMember('tier', record.tier) +
    serializeUsage(record.usage) +
    serializeCost(record.cost) +
    serializeBudget(record.budget_left) +
    serializeClamp(record.clamped) +
    serializeQuota(record.quota) +
    textMember('intensity', record.intensity) +
    textMember('gateway_request_id', record.gateway_request_id) +
    bareMember('gateway_ms', record.gateway_ms) +
    bareMember('retry_after', record.retry_after) +
    textMember('finish', record.finish) +
    bareMember('ended_without_mark', record.ended_without_mark) +
    bareMember('overhead_ms', record.overhead_ms) +
    '}'
  )
}

function serializeUsage(usage: GovernanceUsage | undefined): string {
  if (usage === undefined) return ''
  const counts =
    bareMember('input', usage.input) +
    bareMember('output', usage.output) +
    bareMember('cached', usage.cached) +
    bareMember('reasoning', usage.reasoning) +
    bareMember('total', usage.total)
  return `,"usage":{"source":"${usage.source}"${counts}}`
}

function serializeCost(cost: GovernanceCost | undefined): string {
  return cost === undefined ? '' : `,"cost":{"amount":${cost.amount},"unit":${quote(cost.unit)}}`
}

function serializeBudget(left: GovernanceBudget | undefined): string {
  return left === undefined ? '' : `,"budget_left":{"amount":${left.amount},"unit":${quote(left.unit)},"rule":${quote(left.rule)}}`
}

function serializeClamp(clamped: GovernanceClamp | undefined): string {
  return clamped === undefined ? '' : `,"clamped":{"ceiling":${clamped.ceiling}${bareMember('asked', clamped.asked)}}`
}

function serializeQuota(quota: GovernanceQuota | undefined): string {
  return quota === undefined ? '' : `,"quota":{"used":${quota.used}${bareMember('limit', quota.limit)},"unit":"${quota.unit}"}`
}

/** Reads a record from a `Postern-Governance` header or a comment line; `undefined` if it is absent or not readable. */
export function parseGovernance(text: string | null | undefined): GovernanceRecord | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return typeof value === 'object' && value !== null && 'request_id' in value ? (value as GovernanceRecord) : undefined
  } catch {
    return undefined
  }
}
