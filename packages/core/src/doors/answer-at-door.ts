import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Receipt } from '../account/index.js'
import { clearPageHeaders } from '../answers/clear-page-headers.js'
import { answerJson, type JsonAnswer } from '../answers/as-json.js'
import type { EndedSessions } from '../journey.js'
import type { Principal } from '../principal.js'
import type { Runtime } from '../runtime.js'
import { tagRefused } from '../tag/index.js'
import { arrive, wholeTarget } from './arrive.js'

/** Answers a request that leads to no room, with an id and a ledger entry like every other. */
export function answerAtDoor(
  runtime: Runtime,
  request: IncomingMessage,
  response: ServerResponse,
  answer: JsonAnswer,
  /** Whom it was about. */
  principal?: Principal,
  /** Which sessions it ended. */
  ended?: EndedSessions,
): Receipt {
  const arrival = arrive(runtime, request, wholeTarget(request))
  const tags = tagRefused(arrival)
  clearPageHeaders(response)
  const outcome = answerJson(answer, arrival, tags, response)
  return runtime.rooms.account({ arrival, principal, tags, outcome, ended })
}
