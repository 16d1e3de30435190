import type { LedgerEntry, Redactor } from '@postern/ports'
import type { Booked, EndedJourney } from '../journey.js'
import { writeNote } from './call-note.js'
import { cleanRequestId } from './clean-request-id.js'
import { type Clean, createCleaner, ours } from './clean-text.js'
import { isoTime } from './iso-time.js'
import { createNameRedaction } from './name-redaction.js'

/** The facts of a call that is about to be sent. */
export interface NotedCall extends Required<Pick<EndedJourney, 'arrival' | 'tags'>>, Pick<EndedJourney, 'principal' | 'route'> {
  readonly permit: { readonly modelRequested?: string | undefined }
}

/**
 * Makes the function that writes the entry which a call has if its process dies: `finish: interrupted`, and what was set aside as its use.
 * What became of it is not known: its status is 0, and so is its duration.
 */
export function createInterruptedNote(redactor: Redactor): (call: NotedCall, booked: Booked | undefined) => string | undefined {
  const cleaner = createCleaner(redactor)
  const { clean, cleanOften } = cleaner
  const namesOf = createNameRedaction(cleaner)
  return ({ arrival, principal, route, tags, permit }, booked) => {
    const names = namesOf(principal)
    const [workflow, step] = [cleanOften(tags.workflow), cleanOften(tags.step)]
    const entry: Clean<LedgerEntry> = {
      time: ours(isoTime(performance.timeOrigin + arrival.watch.startedAt)),
      request_id: cleanRequestId(tags.requestId, tags.attempt, tags, { workflow, step }, cleaner),
      attempt: tags.attempt,
      workflow,
      step,
      parent_step: cleanOften(tags.parentStep),
      gateway: ours(route?.gateway.name),
      key: ours(route?.key.alias),
      binding: ours(route?.binding),
      via: principal?.via,
      caller: names.caller,
      user: names.user,
      team: names.team,
      project: names.project,
      method: ours(arrival.method),
      path: cleanOften(arrival.path),
      status: 0,
      finish: 'interrupted',
      model_requested: cleanOften(permit.modelRequested),
      booked: booked?.by,
      estimated: booked?.estimated === undefined ? undefined : withUnit(booked.estimated),
      duration_ms: 0,
      client_request_id: clean(tags.clientRequestId),
      trace_id: clean(tags.trace.traceId),
    }
    return writeNote(entry)
  }
}

/** Its unit comes from the configuration. */
function withUnit({ input, output, cost }: NonNullable<LedgerEntry['estimated']>): Clean<LedgerEntry>['estimated'] {
  return { input, output, cost: cost === undefined ? undefined : { amount: cost.amount, unit: ours(cost.unit) } }
}
