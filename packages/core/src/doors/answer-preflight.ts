import type { IncomingMessage, ServerResponse } from 'node:http'
import { writeRecord } from '../answers/record.js'
import type { Runtime } from '../runtime.js'
import { tagRefused } from '../tag/index.js'
import { arrive } from './arrive.js'

/** Whether a browser asks what a page may send (Fetch standard, CORS preflight). */
export function isPreflight(request: IncomingMessage): boolean {
  return (
    request.method === 'OPTIONS' && request.headers.origin !== undefined && request.headers['access-control-request-method'] !== undefined
  )
}

/**
 * Answers without identifying anybody: a preflight carries no credential. A page that may not call gets no permission, in
 * the form a browser understands; and since its browser sends nothing further, the ledger hears of it here.
 */
export function answerPreflight(runtime: Runtime, request: IncomingMessage, response: ServerResponse, target: string): void {
  const { browser, publicAddress } = runtime
  const origin = request.headers.origin as string
  const host = publicAddress.hostOf({ headers: request.headers, address: request.socket.remoteAddress ?? '', connection: request.socket })
  const headers = browser.preflightHeaders(origin, host)
  response.writeHead(headers === undefined ? 403 : 204, [...(headers ?? browser.refusedPreflight)])
  response.end()
  if (headers === undefined) bookRefused(runtime, request, target, origin)
}

function bookRefused(runtime: Runtime, request: IncomingMessage, target: string, origin: string): void {
  const arrival = arrive(runtime, request, target)
  const tags = tagRefused(arrival)
  const record = writeRecord({ tags, finish: 'refused', overheadMs: performance.now() - arrival.startedAt })
  runtime.rooms.account({
    arrival,
    tags,
    outcome: { finish: 'refused', status: 403, code: 'origin_not_allowed', record, refused: origin },
  })
}
