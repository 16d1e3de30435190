import type { IncomingMessage } from 'node:http'
import { type Arrival, type MemoryCount, Stopwatch } from '@postern/ports'
import type { BrowserAccess } from './browser-access.js'
import { nextUlid } from './next-ulid.js'

/** The part of a runtime that an arrival depends on. */
export interface Reception {
  readonly browser: Pick<BrowserAccess, 'answerHeaders' | 'record'>
  readonly connections: MemoryCount
}

/**
 * Gives a request its id and collects the facts about it that the corridor uses.
 *
 * @param target Path and query below the mount: `/v1/chat/completions?a=b`.
 */
export function arrive({ browser, connections }: Reception, request: IncomingMessage, target: string): Arrival {
  const question = target.indexOf('?')
  const asked = wholeTarget(request)
  return {
    ulid: nextUlid(),
    watch: new Stopwatch(),
    method: request.method as string,
    path: question === -1 ? target : target.slice(0, question),
    query: question === -1 ? '' : target.slice(question),
    wholePath: question === -1 ? asked : asked.slice(0, asked.length - target.length + question),
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    address: request.socket.remoteAddress ?? '',
    answerHeaders: browser.answerHeaders(request.headers.origin),
    pageRecord: browser.record,
    body: request,
    connection: request.socket,
    connections,
    bodyHold: undefined,
  }
}

/** The target as the client wrote it; Express takes the mount out of `url` and keeps it in `originalUrl`. */
export function wholeTarget(request: IncomingMessage): string {
  const { originalUrl, url = '' }: { readonly originalUrl?: string; readonly url?: string | undefined } = request
  return originalUrl ?? url
}
