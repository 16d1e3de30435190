import { Refusal } from '../refusal.js'
import type { Exchange } from './exchange.js'

/** What the client gets in place of an answer in which the gateway repeats a key. The log says which, by its alias. */
export function leakedKey({ facts: { tap } }: Exchange, alias: string): Refusal {
  tap.repeats(alias)
  return new Refusal('gateway_answer_invalid', {
    message: 'The gateway repeated a credential in its answer; the answer is withheld.',
    help: 'For the operator: replace the gateway key that the log names as leaked_key for this request, and tell the gateway.',
  })
}
