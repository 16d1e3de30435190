import { roundMs } from '../answers/record.js'
import { plainFailure } from '../lib/plain-failure.js'
import { ProxyFailure } from '../connect/proxy-failure.js'
import type { Outcome } from '../forward/outcome.js'
import type { EndedJourney, EndedSessions } from '../journey.js'
import type { EarlierEntry, Ledger, LedgerEntry, Principal, Redactor, Refusal, SessionEnded, Witness } from '@postern/ports'
import type { Route } from '../resolve/route.js'
import { isoTime } from './iso-time.js'

/** The corridor's result for its caller: the ledger entry of the finished request. */
export interface Receipt {
  readonly entry: LedgerEntry
  /** As {@link Outcome.thrown}: the door must see to an answer. */
  readonly thrown?: Outcome['thrown']
}

/** Appends the ledger entry of a request. Runs exactly once per request and never throws. */
export type Account = (journey: EndedJourney) => Receipt

export interface AccountOptions {
  readonly ledger: Ledger
  readonly witness: Witness
  /** Redacts the texts of clients and gateways in entries. */
  readonly redactor: Redactor
  /** Whether `Runtime.cut` has run; then `client_closed` becomes `cut_shutdown`, since no client left by itself. */
  readonly isCut: () => boolean
}

export function createAccount({ ledger, witness, redactor, isCut }: AccountOptions): Account {
  const namesOf = createNameRedaction(redactor)
  return (journey) => {
    const entry = writeEntry(journey, redactor, namesOf(journey.principal), isCut())
    try {
      ledger.append(entry)
      if (journey.ended !== undefined) ledger.event?.(describeEnded(journey.ended, journey, entry, redactor))
    } catch (error) {
      // The answer was sent. A ledger that throws must not end the process, and must not stay unnoticed.
      process.emitWarning(`The ledger refused an entry: ${String(error)}`, { code: 'POSTERN_LEDGER' })
    }
    if (entry.leaked_key !== undefined) witness({ type: 'leak_found', key: entry.leaked_key, requestId: entry.request_id })
    witness({ type: 'call_ended', entry })
    const { thrown } = journey.outcome
    return thrown === undefined ? { entry } : { entry, thrown }
  }
}

/** Makes a function that appends the event `preflight_refused` for an origin. */
export function createPreflightNote({ ledger, redactor }: Pick<AccountOptions, 'ledger' | 'redactor'>): (origin: string) => void {
  return (origin) => {
    const refused = redactor.redact(origin).slice(0, maxRefusedChars)
    ledger.event?.({ event: 'preflight_refused', time: new Date().toISOString(), origin: refused })
  }
}

/** Writes down sessions that ended after the answer to the request, by the id of that request and the principal who asked, if any. */
export type NoteEnded = (ended: EndedSessions, requestId: string, principal?: Principal) => void

/** Makes a function that appends the event `session_ended` for a request whose entry was written before. */
export function createEndedNote({ ledger, redactor }: Pick<AccountOptions, 'ledger' | 'redactor'>): NoteEnded {
  const namesOf = createNameRedaction(redactor)
  return (ended, requestId, principal) => {
    const entry = { ...namesOf(principal), time: new Date().toISOString(), request_id: requestId }
    ledger.event?.(describeEnded(ended, { principal }, entry, redactor))
  }
}

type Names = Pick<LedgerEntry, 'caller' | 'user' | 'team' | 'project'>

const nobody: Names = { caller: undefined, user: undefined, team: undefined, project: undefined }

/** Redacts a principal's names once per object: verifiers cache principals, so most requests bring a known object. */
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
  { arrival, principal, route, tags, outcome }: EndedJourney,
  { redact, redactOften }: Redactor,
  names: Names,
  isCut: boolean,
): LedgerEntry {
  const { record } = outcome
  const clean = (text: string | undefined): string | undefined => (text === undefined ? undefined : redact(text))
  const cleanOften = (text: string | undefined): string | undefined => (text === undefined ? undefined : redactOften(text))
  const [workflow, step, parentStep] = [record.workflow, record.step, tags.parentStep].map(cleanOften)
  // Our request id consists of the tags and generated characters: if the tags are clean, the id is clean.
  const hasClean = record.attempt > 0 && workflow === record.workflow && step === record.step
  return {
    time: isoTime(performance.timeOrigin + arrival.watch.startedAt),
    request_id: hasClean ? record.request_id : redact(exchange(exchange(record.request_id, record.workflow, workflow), record.step, step)),
    attempt: record.attempt,
    workflow,
    workflow_verified: record.workflow_verified,
    step,
    parent_step: parentStep,
    gateway: record.gateway,
    key: record.key,
    binding: route?.binding,
    via: principal?.via ?? outcome.via,
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
    duration_ms: roundMs(arrival.watch.wholeMs()),
    overhead_ms: record.overhead_ms,
    client_request_id: clean(tags.clientRequestId),
    trace_id: tags.trace.traceId,
    refused: clean(outcome.refused)?.slice(0, maxRefusedChars),
    earlier: tags.earlier?.map(({ tags: { attempt }, refusal }) => describeEarlier(attempt, refusal, route, redact)),
    cause: outcome.cause === undefined ? undefined : redact(describeFailure(outcome.code, outcome.cause, route)).slice(0, 2000),
  }
}

/** Replaces a tag in a request id by its redacted form. */
function exchange(id: string, tag: string | undefined, clean: string | undefined): string {
  return tag === undefined || tag === '' || clean === undefined ? id : id.replaceAll(tag, () => clean)
}

/** How many characters of a refused host or origin the ledger gets. */
const maxRefusedChars = 200

/** Builds the event `session_ended`. */
function describeEnded(
  { kind, name, by }: EndedSessions,
  { principal }: Pick<EndedJourney, 'principal'>,
  entry: Pick<LedgerEntry, 'time' | 'caller' | 'user' | 'team' | 'request_id'>,
  { redact }: Redactor,
): SessionEnded {
  return {
    event: 'session_ended',
    time: entry.time,
    kind,
    name: redact(name),
    via: principal === undefined ? 'admin' : 'session',
    by: by ?? entry.caller ?? 'admin',
    user: entry.user,
    team: entry.team,
    request_id: entry.request_id,
  }
}

function describeEarlier(attempt: number, { code, details }: Refusal, route: Route | undefined, redact: Redactor['redact']): EarlierEntry {
  const { cause } = details
  return { attempt, code, cause: cause === undefined ? undefined : redact(describeFailure(code, cause, route)).slice(0, 200) }
}

/** Of a failed connection to a gateway, also says to which host; a {@link ProxyFailure} names the host of the proxy itself. */
function describeFailure(code: string | undefined, cause: unknown, route: Route | undefined): string {
  const isOfConnection = route !== undefined && code?.startsWith('gateway_') && cause instanceof Error && !(cause instanceof ProxyFailure)
  return isOfConnection ? `${describeCause(cause)} (asked: ${route.gateway.origin})` : describeCause(cause)
}

/** TypeError, RangeError, ReferenceError: the stack. Anything else: one line. */
function describeCause(cause: unknown): string {
  if (typeof cause === 'string') return cause
  if (!(cause instanceof Error)) return String(cause)
  // Happy Eyeballs tried several addresses: use the first error.
  if (cause instanceof AggregateError && cause.errors.length > 0) return describeCause(cause.errors[0])
  if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError) return cause.stack ?? cause.message
  const code = 'code' in cause && typeof cause.code === 'string' ? `${cause.code}: ` : ''
  return `${code}${cause instanceof ProxyFailure ? cause.message : (plainFailure(cause) ?? cause.message)}`
}
