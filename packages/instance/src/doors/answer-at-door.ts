import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson, type EndedSessions, type JsonAnswer, type Receipt, tagRefused } from '@postern/core'
import type { Principal } from '@postern/ports'
import { currentRuntime, type Serving } from '../runtime.js'
import { clearPageHeaders } from './clear-page-headers.js'
import { wholeTarget } from './arrive.js'
import { arriveAtDoor } from './arrive-at-door.js'

/**
 * Answers a request that asks Postern itself, with a request id and a ledger entry like every other answer.
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
  const arrival = arriveAtDoor(runtime, request, wholeTarget(request))
  const tags = tagRefused(arrival)
  clearPageHeaders(response)
  const outcome = answerJson(answer, arrival, tags, response)
  return runtime.rooms.account({ arrival, principal, tags, outcome, ended, own: true })
}
