import type { OutgoingHttpHeaders } from 'node:http'
import type { StreamEvent } from './event-stream.js'

/** A successful answer, complete, before a byte of it is sent. */
export type Answer =
  | { form: 'body'; status?: number; headers: OutgoingHttpHeaders; bytes: Buffer }
  | { form: 'events'; headers: OutgoingHttpHeaders; events: readonly StreamEvent[] }

export function jsonAnswer(body: unknown, headers: OutgoingHttpHeaders = {}, status = 200): Answer {
  return { form: 'body', status, headers: { 'content-type': 'application/json', ...headers }, bytes: Buffer.from(JSON.stringify(body)) }
}

export function streamAnswer(events: readonly StreamEvent[], headers: OutgoingHttpHeaders = {}): Answer {
  return { form: 'events', headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', ...headers }, events }
}
