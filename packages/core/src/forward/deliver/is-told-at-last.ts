import { Refusal } from '@postern/ports'

/**
 * Whether an answer is cut for what its client should know: its session was revoked, or what was set aside for it is used up. The ledger
 * gets the code of that, and an event stream an error event.
 */
export function isToldAtLast(cause: unknown): cause is Refusal {
  return cause instanceof Refusal && (cause.details.finish === 'cut_revoked' || cause.details.finish === 'cut_budget')
}
