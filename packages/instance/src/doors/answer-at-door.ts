import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson, type EndedSessions, type JsonAnswer, type Receipt, tagRefused } from '@postern/core'
import type { Principal } from '@postern/ports'
import { clearPageHeaders } from './clear-page-headers.js'
import { currentRuntime, type Serving } from '../runtime.js'
import { arrive, wholeTarget } from './arrive.js'

/**
 * Answers a request without the corridor, with a request id and a ledger entry like every other answer.
 *
 * @returns The receipt of the ledger entry.
 */
export function answerAtDoor(
  instance: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  answer: JsonAnswer,
  /** The principal whom the answer is about, for the ledger. */
  principal?: Principal,
  /** The sessions that this request ended, for the ledger. */
  ended?: EndedSessions,
): Receipt {
  const runtime = currentRuntime(instance)
  const arrival = arrive(runtime, request, wholeTarget(request))
  const tags = tagRefused(arrival)
  clearPageHeaders(response)
  const outcome = answerJson(answer, arrival, tags, response)
  return runtime.rooms.account({ arrival, principal, tags, outcome, ended })
}
