import { roundMs } from '../answers/record.js'
import { plainFailure } from '../lib/plain-failure.js'
import { ProxyFailure } from '../proxy-failure.js'
import type { EndedSessions, Journey } from '../journey.js'
import type { Principal } from '../principal.js'
import type { Redactor } from '../redactor.js'
import type { Refusal } from '../refusal.js'
import { isoTime } from './iso-time.js'
import type { EarlierEntry, Ledger, LedgerEntry, SessionEnded } from './ledger.js'

/** What the door learns when a request is over. */
export interface Receipt {
  readonly entry: LedgerEntry
}

/** Writes down how a request ended. Runs exactly once per request and never throws. */
export type Account = (journey: Journey) => Receipt

export interface AccountOptions {
  readonly ledger: Ledger
  /** What clients and gateways wrote stands in an entry as this leaves it. */
  readonly redactor: Redactor
  /** Whether the process has cut what was under way: then no client left by itself. */
  readonly isCut: () => boolean
}

export function createAccount({ ledger, redactor, isCut }: AccountOptions): Account {
  const namesOf = createNameRedaction(redactor)
  return (journey) => {
    const entry = writeEntry(journey, redactor, namesOf(journey.principal), isCut())
    try {
      ledger.append(entry)
      if (journey.ended !== undefined) ledger.event?.(describeEnded(journey.ended, journey, entry, redactor))
    } catch (error) {
      // The answer is out; a ledger that fails must not take the process with it, and must not be silent.
      process.emitWarning(`The ledger refused an entry: ${String(error)}`, { code: 'POSTERN_LEDGER' })
    }
    return { entry }
  }
}

/** Writes down that a page of this origin was refused before it called. */
export function createPreflightNote({ ledger, redactor }: Pick<AccountOptions, 'ledger' | 'redactor'>): (origin: string) => void {
  return (origin) => {
    const refused = redactor.redact(origin).slice(0, maxRefusedChars)
    ledger.event?.({ event: 'preflight_refused', time: new Date().toISOString(), origin: refused })
  }
}

type Names = Pick<LedgerEntry, 'caller' | 'user' | 'team' | 'project'>

const nobody: Names = { caller: undefined, user: undefined, team: undefined, project: undefined }

/** Most principals are verified once and are one object from then on. */
function createNameRedaction({ redact }: Redactor): (principal: Principal | undefined) => Names {
  const known = new WeakMap<Principal, Names>()
  return (principal) => {
    if (principal === undefined) return nobody
    let names = known.get(principal)
    if (names === undefined) {
      const { caller, user, team, project } = principal
      const clean = (name: string | undefined): string | undefined => (name === undefined ? undefined : redact(name))
      known.set(principal, (names = { caller: redact(caller), user: clean(user), team: clean(team), project: clean(project) }))
    }
    return names
  }
}

/** One literal, for the reason that {@link writeRecord} gives. */
function writeEntry(
  { arrival, principal, route, tags, outcome }: Journey,
  { redact, redactOften }: Redactor,
  names: Names,
  isCut: boolean,
): LedgerEntry {
  const { record } = outcome
  const clean = (text: string | undefined): string | undefined => (text === undefined ? undefined : redact(text))
  const cleanOften = (text: string | undefined): string | undefined => (text === undefined ? undefined : redactOften(text))
  const [workflow, step, parentStep] = [record.workflow, record.step, tags.parentStep].map(cleanOften)
  // An id of ours is its tags and letters of our own.
  const hasClean = record.attempt > 0 && workflow === record.workflow && step === record.step
  return {
    time: isoTime(performance.timeOrigin + arrival.startedAt),
    request_id: hasClean ? record.request_id : redact(exchange(exchange(record.request_id, record.workflow, workflow), record.step, step)),
    attempt: record.attempt,
    workflow,
    workflow_verified: record.workflow_verified,
    step,
    parent_step: parentStep,
    gateway: record.gateway,
    key: record.key,
    binding: route?.binding,
    via: principal?.via,
    caller: names.caller,
    user: names.user,
    team: names.team,
    project: names.project,
    method: arrival.method,
    path: redactOften(arrival.path),
    status: outcome.status,
    code: clean(outcome.code),
    leaked_key: outcome.leaked,
    finish: isCut && record.finish === 'client_closed' ? 'cut_shutdown' : record.finish,
    ended_without_mark: record.ended_without_mark,
    model_requested: cleanOften(record.model_requested),
    model: cleanOften(record.model),
    provider: cleanOften(record.provider),
    failover: record.failover,
    tier: cleanOften(record.tier),
    usage: record.usage,
    cost: record.cost,
    quota: record.quota,
    intensity: cleanOften(record.intensity),
    gateway_request_id: clean(record.gateway_request_id),
    gateway_ms: record.gateway_ms,
    retry_after: record.retry_after,
    duration_ms: roundMs(performance.now() - arrival.startedAt),
    overhead_ms: record.overhead_ms,
    client_request_id: clean(tags.clientRequestId),
    trace_id: tags.trace.traceId,
    refused: clean(outcome.refused)?.slice(0, maxRefusedChars),
    earlier: tags.earlier?.map(({ tags: { attempt }, refusal }) => describeEarlier(attempt, refusal, redact)),
    cause: outcome.cause === undefined ? undefined : redact(describeCause(outcome.cause)).slice(0, 2000),
  }
}

/** A tag within an id, for what may be written of it. */
function exchange(id: string, tag: string | undefined, clean: string | undefined): string {
  return tag === undefined || tag === '' || clean === undefined ? id : id.replaceAll(tag, () => clean)
}

/** The part of a refused host or origin that is written down. */
const maxRefusedChars = 200

/** Who ended what, and by which road. */
function describeEnded({ kind, name }: EndedSessions, { principal }: Journey, entry: LedgerEntry, { redact }: Redactor): SessionEnded {
  return {
    event: 'session_ended',
    time: entry.time,
    kind,
    name: redact(name),
    via: principal === undefined ? 'admin' : 'session',
    by: entry.caller ?? 'admin',
    user: entry.user,
    team: entry.team,
    request_id: entry.request_id,
  }
}

function describeEarlier(attempt: number, { code, details }: Refusal, redact: (text: string) => string): EarlierEntry {
  return { attempt, code, cause: details.cause === undefined ? undefined : redact(describeCause(details.cause)).slice(0, 200) }
}

/** A fault of our own is described with its stack; everything else in a line. */
function describeCause(cause: unknown): string {
  if (typeof cause === 'string') return cause
  if (!(cause instanceof Error)) return String(cause)
  // Several addresses were tried: the first speaks for them.
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeCause(cause.errors[0])
  if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError) return cause.stack ?? cause.message
  const code = 'code' in cause && typeof cause.code === 'string' ? `${cause.code}: ` : ''
  return `${code}${cause instanceof ProxyFailure ? cause.message : (plainFailure(cause) ?? cause.message)}`
}
