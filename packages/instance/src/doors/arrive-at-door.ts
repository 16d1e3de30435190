import type { IncomingMessage } from 'node:http'
import { tagRefused } from '@postern/core'
import type { Arrival } from '@postern/ports'
import { currentRuntime, type Runtime, type Serving } from '../runtime.js'
import { arrive, wholeTarget } from './arrive.js'

/** Arrivals of requests that got their id before their answer. */
const begun = new WeakMap<IncomingMessage, Arrival>()

/**
 * Gives a request its id before it is answered, for what must be written down first. `answerAtDoor` and `refuseAtDoor` then answer
 * under the same id.
 *
 * @returns The request's id.
 */
export function beginAtDoor(instance: Serving, request: IncomingMessage): string {
  const arrival = begun.get(request) ?? arrive(currentRuntime(instance), request, wholeTarget(request))
  begun.set(request, arrival)
  return tagRefused(arrival).requestId
}

/** The arrival of a request that is answered at the door: the one that {@link beginAtDoor} made, or a new one. */
export function arriveAtDoor(runtime: Runtime, request: IncomingMessage, target: string): Arrival {
  return begun.get(request) ?? arrive(runtime, request, target)
}
