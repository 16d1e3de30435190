import type { KeptCount, LedgerEntry } from '@postern/ports'

/** The columns of a call as they come from the process: names first, which `who` holds, then those of `calls`, then the attempts. */
export const nameCount = 6

/** The values of one call, in the order of {@link rowOf}. */
export type Row = readonly unknown[]

/** A row of a call that the ledger may have already: see `EntryKeeping.mayBeThere`. */
export function markDoubtful(row: Row): Row {
  return [...row, true]
}

/** The id of a call, whatever the number of its attempt: the last part of a request id. */
export function callIdOf(requestId: string): string {
  return requestId.replace(/\d+$/, '')
}

/**
 * The values of one entry that the ledger keeps: no content, no cause, no addresses. An array, since names of members would be written
 * again for each entry on its way to the thread of the writer.
 *
 * @param counted What the call counts as in the windows of its store.
 * @returns `undefined` for a request that asked Postern itself, such as for a session, and for a call that joined another: neither is a call
 *   that could have been sent.
 */
export function rowOf(entry: LedgerEntry, counted?: readonly KeptCount[]): Row | undefined {
  if (entry.joined !== undefined || entry.own === true) return undefined
  const { usage, estimated } = entry
  const cost = estimated?.cost ?? entry.cost
  return [
    entry.user,
    entry.team,
    entry.project,
    entry.key,
    entry.gateway,
    entry.model ?? entry.model_requested,
    Date.parse(entry.time),
    entry.request_id,
    entry.attempt,
    entry.workflow,
    entry.step,
    entry.parent_step,
    entry.method,
    entry.path,
    entry.status,
    entry.code,
    entry.finish,
    entry.via,
    entry.caller,
    entry.provider,
    entry.tier,
    estimated?.input ?? usage?.input,
    estimated?.output ?? usage?.output,
    usage?.cached,
    usage?.reasoning,
    cost?.amount,
    cost?.unit,
    entry.booked,
    estimated === undefined ? 0 : 1,
    entry.duration_ms,
    entry.gateway_ms,
    entry.gateway_request_id,
    entry.trace_id,
    entry.earlier?.map(({ attempt, code }) => [attempt, code]),
    counted,
  ]
}
