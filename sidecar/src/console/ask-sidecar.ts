import type { ServerResponse } from 'node:http'
import type { AdminRole } from '@postern/config'
import { type AdminQuestion, askAdmin, describeRefused } from '../admin/ask.js'
import { Failure } from '../failure.js'
import type { Place } from '../listen.js'
import { answerFault, answerJson } from './answer.js'

/** Whom the console asks, and with what. */
export interface Asked {
  readonly place: Place
  /** Presented to the admin listener; the page never has it. `undefined`: the socket asks for none. */
  readonly credential: string | undefined
}

/** How long the sidecar may take to answer, in milliseconds: the ledger may be long. */
const timeoutMs = 120_000

/** How large an answer may be, in bytes. */
const maxAnswerBytes = 8 * 2 ** 20

/**
 * Asks the admin listener, and passes its answer on to the page. What the listener says of the console's credential becomes 502: a 401 would
 * say that the page's own token is over.
 *
 * @param role What the question needs, for the words of a refusal.
 */
export async function passOn(
  response: ServerResponse,
  { place, credential }: Asked,
  role: AdminRole,
  question: Pick<AdminQuestion, 'method' | 'path' | 'body'>,
): Promise<void> {
  try {
    const answer = await askAdmin(place, { ...question, credential, timeoutMs, maxBytes: maxAnswerBytes })
    const { status, text } = answer
    if (status < 400 || isOfReload(text)) answerJson(response, status, text)
    else answerFault(response, status === 401 ? 502 : status, 'sidecar_refused', describeRefused(answer, role))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    answerFault(response, 503, 'sidecar_unreachable', error.message)
  }
}

/** A configuration that was not taken is an answer: it says what is wrong with it. */
function isOfReload(text: string): boolean {
  return text.startsWith('{"taken":')
}
