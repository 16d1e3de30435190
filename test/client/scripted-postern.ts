import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { headerNames } from '@postern/protocol'
import { listenAnywhere } from '../support/house.js'

/** What arrived, whole. */
export interface Arrived {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server in Postern's place, for what Postern itself does only when something is broken. */
export interface ScriptedPostern {
  readonly origin: string
  readonly seen: readonly Arrived[]
  /** How the next requests are answered, in order; the last for all that follow. */
  answer(...answers: readonly ((response: ServerResponse, arrived: Arrived) => unknown)[]): void
  close(): void
}

export async function startScriptedPostern(): Promise<ScriptedPostern> {
  const seen: Arrived[] = []
  let script: readonly ((response: ServerResponse, arrived: Arrived) => unknown)[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const arrived = { method, url, headers, body: Buffer.concat(chunks).toString('latin1') }
      seen.push(arrived)
      const [next, ...rest] = script
      if (rest.length > 0) script = rest
      next?.(response, arrived)
    })
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    seen,
    answer(...answers) {
      seen.length = 0
      script = answers
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A whole answer of chat. */
export function answered(text = 'Hello'): (response: ServerResponse) => void {
  return (response) => {
    const message = { role: 'assistant', content: text }
    response
      .writeHead(200, { 'content-type': 'application/json', [headerNames.governance]: '{"request_id":"_._.X.1","finish":"complete"}' })
      .end(JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] }))
  }
}

/** A refusal that SDKs try again, at once. */
export function failed(status = 503): (response: ServerResponse) => void {
  return (response) => {
    response
      .writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '1' })
      .end('{"error":{"message":"Not now.","type":"api_error","code":"gateway_unavailable","param":null}}')
  }
}

/** Chunks of a stream of events, and then its end. */
export function streamed(...chunks: readonly (string | Buffer)[]): (response: ServerResponse) => Promise<void> {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', [headerNames.governance]: '{"request_id":"_._.X.1","attempt":1}' })
    for (const chunk of chunks) {
      response.write(chunk)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    response.end()
  }
}

/** An event of a chat stream. */
export function said(content: string, id = 'chatcmpl-1'): string {
  return `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
}

/** The record at the end of a stream. */
export function ending(finish: string): string {
  return `: postern {"request_id":"_._.X.1","attempt":1,"finish":"${finish}"}\n\n`
}
