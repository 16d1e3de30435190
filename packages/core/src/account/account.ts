import { roundMs } from '../answers/record.js'
import { plainFailure } from '../lib/plain-failure.js'
import { ProxyFailure } from '../connect/proxy-failure.js'
import type { Outcome } from '../forward/outcome.js'
import type { Booked, EndedJourney, EndedSessions } from '../journey.js'
import type {
  CallCourse,
  EarlierEntry,
  Ledger,
  LedgerEntry,
  LedgerEvent,
  Principal,
  PublicAddress,
  Redactor,
  Refusal,
  SessionEnded,
  Witness,
} from '@postern/ports'
import type { GovernanceCost, GovernanceRecord } from '@postern/protocol'
import type { Route } from '../resolve/route.js'
import { writeNote } from './call-note.js'
import { cleanRequestId } from './clean-request-id.js'
import { type Clean, type Cleaner, createCleaner, ours } from './clean-text.js'
import { isoTime } from './iso-time.js'
import { createNameRedaction, type Names } from './name-redaction.js'
import type { LedgerPace } from './pace.js'

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
  /** Is told by `account` that the ledger is full. */
  readonly pace: LedgerPace
  readonly witness: Witness
  /** Redacts the texts of clients and gateways in entries. */
  readonly redactor: Redactor
  /** Whether `Runtime.cut` has run; then `client_closed` becomes `cut_shutdown`, since no client left by itself. */
  readonly isCut: () => boolean
  /** If the gateway reported the tokens of a call and no cost: its cost by the price file; `undefined` if the file has no price for it. */
  readonly estimateCost?: EstimateCost | undefined
  /** The client's address, which the entry of a refused request names. Default: that of its peer. */
  readonly clientOf?: PublicAddress['clientOf'] | undefined
}

export type EstimateCost = (record: GovernanceRecord) => GovernanceCost | undefined

export function createAccount(options: AccountOptions): Account {
  const { ledger, pace, witness, redactor, isCut, estimateCost = () => undefined, clientOf = ({ address }) => address } = options
  const cleaner = createCleaner(redactor)
  const namesOf = createNameRedaction(cleaner)
  return (journey) => {
    const entry = writeEntry(journey, { cleaner, names: namesOf(journey.principal), isCut: isCut(), estimateCost, clientOf })
    const keeping = journey.course?.reservation?.book(ledger.keeps === true ? writeNote(entry) : undefined)
    try {
      pace.append(entry, keeping, toldRecord(journey.outcome, entry))
      if (journey.ended !== undefined) ledger.event?.(describeEnded(journey.ended, journey, entry, cleaner))
    } catch (error) {
      // The answer was sent. A ledger that throws must not end the process, and must not stay unnoticed.
      process.emitWarning(`The ledger refused an entry: ${String(error)}`, { code: 'POSTERN_LEDGER' })
    }
    if (entry.leaked_key !== undefined) witness({ type: 'leak_found', key: entry.leaked_key, requestId: entry.request_id })
    witness({ type: 'call_ended', entry, course: courseOf(journey) })
    const { thrown } = journey.outcome
    return thrown === undefined ? { entry } : { entry, thrown }
  }
}

/** The text of the record that the client got, if the entry has the same: nothing in it was redacted or changed. */
function toldRecord({ told, record }: Outcome, entry: LedgerEntry): string | undefined {
  // Those that `writeEntry` may change, one by one: a loop over their names costs as much as writing the text again.
  const isSame =
    entry.request_id === record.request_id &&
    entry.workflow === record.workflow &&
    entry.step === record.step &&
    entry.model_requested === record.model_requested &&
    entry.model === record.model &&
    entry.provider === record.provider &&
    entry.tier === record.tier &&
    entry.intensity === record.intensity &&
    entry.gateway_request_id === record.gateway_request_id &&
    entry.finish === record.finish &&
    entry.cost?.unit === record.cost?.unit
  return isSame ? told : undefined
}

function courseOf({ arrival, tags, course }: EndedJourney): CallCourse {
  return {
    startedAt: arrival.watch.startedAt,
    begunAt: course?.begunAt ?? 0,
    attemptedAt: course?.attemptedAt ?? 0,
    trace: tags.trace,
    earlier: tags.earlier,
    stream: course?.tap?.stream,
    limits: course?.reservation?.limits,
  }
}

/** Makes a function that appends the event `preflight_refused` for an origin. */
export function createPreflightNote({ ledger, redactor }: Pick<AccountOptions, 'ledger' | 'redactor'>): (origin: string) => void {
  const { clean } = createCleaner(redactor)
  return (origin) => {
    const refused = ours(clean(origin).slice(0, maxRefusedChars))
    const event: Clean<LedgerEvent> = { event: 'preflight_refused', time: ours(new Date().toISOString()), origin: refused }
    ledger.event?.(event)
  }
}

/** Writes down sessions that ended after the answer to the request, by the id of that request and the principal who asked, if any. */
export type NoteEnded = (ended: EndedSessions, requestId: string, principal?: Principal) => void

/** Makes a function that appends the event `session_ended` for a request whose entry was written before. */
export function createEndedNote({ ledger, redactor }: Pick<AccountOptions, 'ledger' | 'redactor'>): NoteEnded {
  const cleaner = createCleaner(redactor)
  const namesOf = createNameRedaction(cleaner)
  return (ended, requestId, principal) => {
    const entry = { ...namesOf(principal), time: ours(new Date().toISOString()), request_id: cleaner.clean(requestId) }
    ledger.event?.(describeEnded(ended, { principal }, entry, cleaner))
  }
}

/** What an entry is written with, beside the facts of the request. */
interface EntryMeans {
  readonly cleaner: Cleaner
  readonly names: Names
  readonly isCut: boolean
  readonly estimateCost: EstimateCost
  readonly clientOf: PublicAddress['clientOf']
}

/** One literal, for the reason that {@link writeRecord} gives. */
function writeEntry(
  { arrival, principal, route, tags, outcome, booked, own }: EndedJourney,
  { cleaner, names, isCut, estimateCost, clientOf }: EntryMeans,
): Clean<LedgerEntry> {
  const { record } = outcome
  const { clean, cleanOften } = cleaner
  const workflow = cleanOften(record.workflow)
  const step = cleanOften(record.step)
  return {
    time: ours(isoTime(performance.timeOrigin + arrival.watch.startedAt)),
    request_id: cleanRequestId(record.request_id, record.attempt, record, { workflow, step }, cleaner),
    attempt: record.attempt,
    workflow,
    workflow_verified: record.workflow_verified,
    step,
    parent_step: cleanOften(tags.parentStep),
    gateway: ours(record.gateway),
    key: ours(record.key),
    binding: ours(route?.binding),
    via: principal?.via ?? outcome.via,
    caller: names.caller,
    user: names.user,
    team: names.team,
    project: names.project,
    // Node's parser knows the methods and no others.
    method: ours(arrival.method),
    path: cleanOften(arrival.path),
    status: outcome.status,
    code: clean(outcome.code),
    own,
    former_credential: principal?.former,
    leaked_key: ours(outcome.leaked),
    joined: clean(outcome.joined),
    finish: isCut && record.finish === 'client_closed' ? 'cut_shutdown' : record.finish,
    ended_without_mark: record.ended_without_mark,
    model_requested: cleanOften(record.model_requested),
    model: cleanOften(record.model),
    provider: cleanOften(record.provider),
    failover: record.failover,
    tier: cleanOften(record.tier),
    usage: record.usage,
    budget_left: cleanLeft(record.budget_left),
    clamped: record.clamped,
    booked: booked?.by,
    estimated: estimateOf(record, booked, estimateCost),
    cost: cleanCost(record.cost, cleanOften),
    quota: record.quota,
    intensity: cleanOften(record.intensity),
    gateway_request_id: clean(record.gateway_request_id),
    gateway_ms: record.gateway_ms,
    retry_after: record.retry_after,
    duration_ms: roundMs(arrival.watch.wholeMs()),
    overhead_ms: record.overhead_ms,
    client_request_id: clean(tags.clientRequestId),
    trace_id: clean(tags.trace.traceId),
    refused: ours(clean(outcome.refused)?.slice(0, maxRefusedChars)),
    // Only if the call was refused: the entry of a call that was served names the person, not the machine.
    address: outcome.finish === 'refused' ? addressOf(clientOf(arrival)) : undefined,
    earlier: tags.earlier?.map(({ tags: { attempt }, refusal }) => describeEarlier(attempt, refusal, route, clean)),
    cause: outcome.cause === undefined ? undefined : ours(clean(describeFailure(outcome.code, outcome.cause, route)).slice(0, 2000)),
  }
}

/** A peer at a Unix socket has no address. */
function addressOf(address: string): Clean<string> | undefined {
  return address === '' ? undefined : ours(address)
}

/** What the limits booked, or else the cost by the price file. The units come from the configuration. */
function estimateOf(record: GovernanceRecord, booked: Booked | undefined, estimateCost: EstimateCost): Clean<LedgerEntry['estimated']> {
  const { input, output, cost = estimateCost(record) } = booked?.estimated ?? {}
  if (input === undefined && output === undefined && cost === undefined) return undefined
  return { input, output, cost: cost === undefined ? undefined : { amount: cost.amount, unit: ours(cost.unit) } }
}

/** Its words come from the configuration. */
function cleanLeft(left: LedgerEntry['budget_left']): Clean<LedgerEntry['budget_left']> {
  return left === undefined ? undefined : { amount: left.amount, unit: ours(left.unit), rule: ours(left.rule) }
}

function cleanCost(cost: LedgerEntry['cost'], clean: Cleaner['clean']): Clean<LedgerEntry['cost']> {
  if (cost === undefined) return undefined
  return { amount: cost.amount, unit: clean(cost.unit) }
}

/** How many characters of a refused host or origin the ledger gets. */
const maxRefusedChars = 200

/** Builds the event `session_ended`. */
function describeEnded(
  { kind, name, by }: EndedSessions,
  { principal }: Pick<EndedJourney, 'principal'>,
  entry: Pick<Clean<LedgerEntry>, 'time' | 'caller' | 'user' | 'team' | 'request_id'>,
  { clean }: Cleaner,
): Clean<SessionEnded> {
  return {
    event: 'session_ended',
    time: entry.time,
    kind,
    name: clean(name),
    via: principal === undefined ? 'admin' : 'session',
    by: clean(by) ?? entry.caller ?? ours('admin'),
    user: entry.user,
    team: entry.team,
    request_id: entry.request_id,
  }
}

function describeEarlier(
  attempt: number,
  { code, details }: Refusal,
  route: Route | undefined,
  clean: Cleaner['clean'],
): Clean<EarlierEntry> {
  const { cause } = details
  return {
    attempt,
    code: ours(code),
    cause: cause === undefined ? undefined : ours(clean(describeFailure(code, cause, route)).slice(0, 200)),
  }
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
