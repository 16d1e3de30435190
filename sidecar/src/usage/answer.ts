import {
  type CallsQuestion,
  type KeptCall,
  type UsageQuestion,
  type UsageRow,
  type WorkflowCall,
  type WorkflowRun,
  writeAmount,
} from '@postern/ports'
import { asJson } from './columns.js'
import { totalOf } from './total.js'

/** The answer to a question about usage, as JSON: the command and the admin API give the same. */
export function tellUsage({ sinceMs, untilMs, by }: UsageQuestion, rows: readonly UsageRow[]): object {
  const times = { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() }
  return { ...times, by, rows: rows.map((row) => asJson(by, row)), total: asJson([], totalOf(rows)) }
}

/** The calls of a workflow, as JSON. */
export function tellRun(workflow: string, { calls, total }: WorkflowRun): object {
  return { workflow, total, calls: calls.map(tellCall) }
}

/** Single calls, as JSON. */
export function tellCalls({ sinceMs, untilMs, most }: CallsQuestion, calls: readonly KeptCall[]): object {
  const times = { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() }
  return { ...times, most, calls: calls.map(tellCall) }
}

function tellCall({ requestId, parentStep, startMs, durationMs, cost, ...call }: WorkflowCall): object {
  return {
    request_id: requestId,
    parent_step: parentStep,
    start: new Date(startMs).toISOString(),
    duration_ms: durationMs,
    ...call,
    cost: cost === undefined ? undefined : { amount: writeAmount(cost.amount), unit: cost.unit },
  }
}
