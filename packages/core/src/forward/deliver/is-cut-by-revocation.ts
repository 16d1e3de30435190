import { Refusal } from '@postern/ports'

/** Whether an answer is cut because its session was revoked. The ledger gets the code of that, and an event stream an error event. */
export function isCutByRevocation(cause: unknown): cause is Refusal {
  return cause instanceof Refusal && cause.details.finish === 'cut_revoked'
}
