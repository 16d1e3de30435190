import { Refusal } from '@postern/ports'
import type { Exchange } from '../exchange.js'

/** Builds the refusal of an answer in which the gateway repeats a key, and notes the key's alias for the ledger. */
export function leakedKey({ facts: { tap } }: Exchange, alias: string): Refusal {
  tap.repeats(alias)
  return new Refusal('gateway_answer_invalid', {
    message: 'The gateway repeated a credential in its answer; the answer is withheld.',
    help: 'For the operator: replace the gateway key that the log names as leaked_key for this request, and tell the gateway.',
  })
}
