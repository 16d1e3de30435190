import { Refusal } from '../refusal.js'

/** What the client gets in place of an answer in which the gateway repeats one of our secrets. */
export function leakedKey(): Refusal {
  return new Refusal('gateway_answer_invalid', {
    message: 'The gateway repeated a credential in its answer; the answer is withheld.',
    help: 'For the operator: replace the gateway key named in the governance record, and tell the gateway.',
  })
}
