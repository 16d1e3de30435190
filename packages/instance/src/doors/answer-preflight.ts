import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Runtime } from '../runtime.js'

/** Whether a browser asks what a page may send (Fetch standard, CORS preflight). */
export function isPreflight(request: IncomingMessage): boolean {
  return (
    request.method === 'OPTIONS' && request.headers.origin !== undefined && request.headers['access-control-request-method'] !== undefined
  )
}

/**
 * Answers a preflight without identifying the caller: a preflight carries no credential. A page whose origin is not
 * allowed gets 403 without `Access-Control-Allow-…` headers. Its browser then sends no call, so the log is written here.
 */
export function answerPreflight(
  { browser, publicAddress, refusedPreflight }: Runtime,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const origin = request.headers.origin as string
  const host = publicAddress.hostOf({ headers: request.headers, address: request.socket.remoteAddress ?? '', connection: request.socket })
  const headers = browser.preflightHeaders(origin, host)
  response.writeHead(headers === undefined ? 403 : 204, [...(headers ?? browser.refusedPreflight)])
  response.end()
  if (headers === undefined) refusedPreflight(origin)
}
