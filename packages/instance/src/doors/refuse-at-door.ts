import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Receipt, refuse, tagRefused } from '@postern/core'
import type { Refusal } from '@postern/ports'
import { currentRuntime, type Serving } from '../runtime.js'
import { clearPageHeaders } from './clear-page-headers.js'
import { wholeTarget } from './arrive.js'
import { arriveAtDoor } from './arrive-at-door.js'
import { discardBody } from './discard-body.js'

/**
 * Refuses a request without the corridor, with a request id, the error envelope and a ledger entry like every other
 * refusal. Also discards the rest of the request's body.
 *
 * @param target Path and query for the ledger entry; for a request to the API, below the mount. Default: the whole target.
 * @returns The receipt of the ledger entry.
 */
export function refuseAtDoor(
  instance: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  target: string = wholeTarget(request),
): Receipt {
  return refuseWith(instance, request, response, refusal, target)
}

/**
 * As {@link refuseAtDoor}, for a request that Postern itself answers and no gateway, such as one to the admin listener. Its entry has
 * `own`, so usage and `postern_calls_total` leave it out.
 */
export function refuseOwn(instance: Serving, request: IncomingMessage, response: ServerResponse, refusal: Refusal): Receipt {
  return refuseWith(instance, request, response, refusal, wholeTarget(request), true)
}

function refuseWith(
  instance: Serving,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  target: string,
  own?: true,
): Receipt {
  const runtime = currentRuntime(instance)
  const arrival = arriveAtDoor(runtime, request, target)
  const tags = tagRefused(arrival)
  clearPageHeaders(response)
  const outcome = refuse(refusal, { arrival, tags }, response)
  if (outcome.thrown === undefined) discardBody(request, response)
  return runtime.rooms.account({ arrival, tags, outcome, own })
}
