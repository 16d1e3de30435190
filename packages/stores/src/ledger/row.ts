import type { LedgerEntry } from '@postern/ports'

/** The columns of a call as they come from the process: names first, which `who` holds, then those of `calls`, then the attempts. */
export const nameCount = 6

/** The values of one call, in the order of {@link rowOf}. */
export type Row = readonly unknown[]

/**
 * The values of one entry that the ledger keeps: no content, no cause, no addresses. An array, since names of members would be written
 * again for each entry on its way to the thread of the writer.
 *
 * @returns `undefined` for an answer of Postern's own, such as that to a request for a session: it is no call of a gateway.
 */
export function rowOf(entry: LedgerEntry): Row | undefined {
  if (entry.attempt === 0 && entry.finish === 'complete') return undefined
  const { usage, cost } = entry
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
    usage?.input,
    usage?.output,
    usage?.cached,
    usage?.reasoning,
    cost?.amount,
    cost?.unit,
    entry.booked,
    entry.duration_ms,
    entry.gateway_ms,
    entry.gateway_request_id,
    entry.trace_id,
    entry.earlier?.map(({ attempt, code }) => [attempt, code]),
  ]
}
