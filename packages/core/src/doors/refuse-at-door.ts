import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Receipt } from '../account/index.js'
import { clearPageHeaders } from '../answers/clear-page-headers.js'
import { refuse } from '../answers/refuse.js'
import type { Refusal } from '../refusal.js'
import type { Runtime } from '../runtime.js'
import { tagRefused } from '../tag/index.js'
import { arrive, wholeTarget } from './arrive.js'
import { discardBody } from './discard-body.js'

/**
 * Refuses a request that leads to no room, with an id, the envelope and a ledger entry like every other.
 *
 * @param target Path and query as the entry has them; below the mount, of a request to the API.
 */
export function refuseAtDoor(
  runtime: Runtime,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  target: string = wholeTarget(request),
): Receipt {
  const arrival = arrive(runtime, request, target)
  const tags = tagRefused(arrival)
  clearPageHeaders(response)
  const outcome = refuse(refusal, { arrival, tags }, response)
  discardBody(request, response)
  return runtime.rooms.account({ arrival, tags, outcome })
}
