import { redactKeys } from '@postern/gateways'
import { roundMs } from '../answers/record.js'
import type { Journey } from '../journey.js'
import type { Refusal } from '../refusal.js'
import type { Secret } from '../secret.js'
import { isoTime } from './iso-time.js'
import type { EarlierEntry, Ledger, LedgerEntry } from './ledger.js'

/** What the door learns when a request is over. */
export interface Receipt {
  readonly entry: LedgerEntry
}

/** Writes down how a request ended. Runs exactly once per request and never throws. */
export type Account = (journey: Journey) => Receipt

export interface AccountOptions {
  readonly ledger: Ledger
  /** What must not stand in an entry, whatever an error underneath says. */
  readonly secrets: readonly Secret[]
}

export function createAccount({ ledger, secrets }: AccountOptions): Account {
  const scrub = (text: string): string => redactKeys(secrets.reduce((rest, secret) => rest.replaceAll(secret.reveal(), '[redacted]'), text))
  return (journey) => {
    const entry = writeEntry(journey, scrub)
    try {
      ledger.append(entry)
    } catch (error) {
      // The answer is out; a ledger that fails must not take the process with it, and must not be silent.
      process.emitWarning(`The ledger refused an entry: ${String(error)}`, { code: 'POSTERN_LEDGER' })
    }
    return { entry }
  }
}

/** One literal, for the reason that {@link writeRecord} gives. */
function writeEntry({ arrival, principal, route, tags, outcome }: Journey, scrub: (text: string) => string): LedgerEntry {
  const { record } = outcome
  return {
    time: isoTime(performance.timeOrigin + arrival.startedAt),
    request_id: record.request_id,
    attempt: record.attempt,
    workflow: record.workflow,
    workflow_verified: record.workflow_verified,
    step: record.step,
    parent_step: tags.parentStep,
    gateway: record.gateway,
    key: record.key,
    binding: route?.binding,
    via: principal?.via,
    caller: principal?.caller,
    user: principal?.user,
    team: principal?.team,
    project: principal?.project,
    method: arrival.method,
    path: arrival.path,
    status: outcome.status,
    code: outcome.code,
    leaked_key: outcome.leaked,
    finish: record.finish,
    model_requested: record.model_requested,
    model: record.model,
    provider: record.provider,
    failover: record.failover,
    tier: record.tier,
    usage: record.usage,
    cost: record.cost,
    quota: record.quota,
    intensity: record.intensity,
    gateway_request_id: record.gateway_request_id,
    gateway_ms: record.gateway_ms,
    duration_ms: roundMs(performance.now() - arrival.startedAt),
    overhead_ms: record.overhead_ms,
    client_request_id: tags.clientRequestId,
    trace_id: tags.trace.traceId,
    earlier: tags.earlier?.map(({ tags: { attempt }, refusal }) => describeEarlier(attempt, refusal, scrub)),
    cause: outcome.cause === undefined ? undefined : scrub(describeCause(outcome.cause)).slice(0, 2000),
  }
}

function describeEarlier(attempt: number, { code, details }: Refusal, scrub: (text: string) => string): EarlierEntry {
  return { attempt, code, cause: details.cause === undefined ? undefined : scrub(describeCause(details.cause)).slice(0, 200) }
}

/** A fault of our own is described with its stack; everything else in a line. */
function describeCause(cause: unknown): string {
  if (typeof cause === 'string') return cause
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError) return cause.stack ?? cause.message
  const code = 'code' in cause && typeof cause.code === 'string' ? `${cause.code}: ` : ''
  return `${code}${cause.message}`
}
