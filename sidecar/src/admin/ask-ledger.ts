import { type LedgerReader, Refusal } from '@postern/ports'
import type { LazyReader } from '../ledger/lazy-reader.js'

/** How many questions wait or are being answered at most. The ledger answers one after the other. */
const maxQuestions = 8

/** Asks the ledger a question. */
export type AskLedger = <Answer>(question: (reader: LedgerReader) => Promise<Answer>) => Promise<Answer>

/**
 * Makes what asks the ledger for the admin API.
 *
 * @param ledger `undefined`: there is none, and a question is refused with 404.
 */
export function createAskLedger(ledger: LazyReader | undefined): AskLedger {
  let questions = 0
  return async (question) => {
    const reader = await ledger?.open()
    if (reader === undefined)
      throw new Refusal('not_found', { message: 'There is no ledger.', help: 'For the operator: write  ledger: { keep: 90d }.' })
    if (questions >= maxQuestions)
      throw new Refusal('rate_limited', { message: 'The ledger is answering other questions.', retryAfterSeconds: 1 })
    questions += 1
    try {
      return await question(reader)
    } finally {
      questions -= 1
    }
  }
}
