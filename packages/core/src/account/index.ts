import { redactKeys } from '@postern/gateways'
import { roundMs } from '../governance.js'
import type { Journey } from '../journey.js'
import type { Secret } from '../secret.js'
import type { Ledger, LedgerEntry } from './ledger.js'

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

function writeEntry(journey: Journey, scrub: (text: string) => string): LedgerEntry {
  const { arrival, principal, route, tags, outcome } = journey
  const now = performance.now()
  const entry: { -readonly [Field in keyof LedgerEntry]: LedgerEntry[Field] } = {
    time: new Date(performance.timeOrigin + arrival.startedAt).toISOString(),
    ...outcome.record,
    method: arrival.method,
    path: arrival.path,
    status: outcome.status,
    duration_ms: roundMs(now - arrival.startedAt),
  }
  if (outcome.code !== undefined) entry.code = outcome.code
  if (principal !== undefined) {
    entry.via = principal.via
    entry.caller = principal.caller
    if (principal.user !== undefined) entry.user = principal.user
    if (principal.team !== undefined) entry.team = principal.team
    if (principal.project !== undefined) entry.project = principal.project
  }
  if (tags.parentStep !== undefined) entry.parent_step = tags.parentStep
  if (tags.clientRequestId !== undefined) entry.client_request_id = tags.clientRequestId
  entry.trace_id = tags.trace.traceId
  if (route !== undefined) entry.binding = route.binding
  if (outcome.cause !== undefined) entry.cause = scrub(describeCause(outcome.cause)).slice(0, 2000)
  return entry
}

/** A fault of our own is described with its stack; everything else in a line. */
function describeCause(cause: unknown): string {
  if (typeof cause === 'string') return cause
  if (!(cause instanceof Error)) return String(cause)
  if (cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError) return cause.stack ?? cause.message
  const code = 'code' in cause && typeof cause.code === 'string' ? `${cause.code}: ` : ''
  return `${code}${cause.message}`
}
