import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '@postern/protocol'

/** How Postern ended a request to the backend by itself. */
export interface OwnEnding {
  readonly code: ErrorCode
  /** The status of the answer; `undefined` if one had begun, and was broken off. */
  readonly status: number | undefined
  /** The id that the answer carries. */
  readonly requestId: string | undefined
  readonly cause: string | undefined
}

const endings = new WeakMap<IncomingMessage, OwnEnding>()
const statuses = new WeakMap<IncomingMessage, number>()

/** Notes that Postern answers in place of the backend, or breaks its answer off. The first one counts. */
export function noteEnding(request: IncomingMessage, ending: OwnEnding): void {
  if (!endings.has(request)) endings.set(request, ending)
}

/** Notes what the backend answered to a request for a WebSocket. */
export function noteStatus(request: IncomingMessage, status: number): void {
  statuses.set(request, status)
}

/** `undefined`: Postern did not end it by itself. */
export function endingOf(request: IncomingMessage): OwnEnding | undefined {
  return endings.get(request)
}

/** `undefined`: no backend answered a request for a WebSocket. */
export function statusOf(request: IncomingMessage): number | undefined {
  return statuses.get(request)
}
