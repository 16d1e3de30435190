import type { ServerResponse } from 'node:http'
import { asciiJson } from '@postern/protocol'

/** Answers the page with JSON. */
export function answerJson(response: ServerResponse, status: number, body: string | object): void {
  const text = typeof body === 'string' ? body : asciiJson(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text) }).end(text)
}

/** Tells the page what went wrong, and what to do. */
export function answerFault(response: ServerResponse, status: number, code: string, message: string): void {
  answerJson(response, status, { error: { code, message } })
}

/** Says in plain text why nothing is answered, and closes the connection. */
export function turnAway(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }).end(`${reason}\n`)
}
