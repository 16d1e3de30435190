import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createGuardedServer } from '../guarded-server.js'
import { findQuestion } from './admin-paths.js'
import { answerFault, answerJson, turnAway } from './answer.js'
import { type Asked, passOn } from './ask-sidecar.js'
import { findChange } from './changes.js'
import { fixedHeaders } from './fixed-headers.js'
import { strangerOf } from './from-own-page.js'
import type { OneTimeCode } from './one-time-code.js'
import type { PageToken } from './page-token.js'
import { readBody } from './read-body.js'

/** A file of the page. */
export interface PageFile {
  readonly type: string
  readonly bytes: Buffer
}

export interface ConsoleServerOptions {
  readonly code: OneTimeCode
  readonly token: PageToken
  readonly asked: Asked
  /** The files of the page by their paths; `/` is the document. */
  readonly files: ReadonlyMap<string, PageFile>
}

/** How long the page may take to send a request, in milliseconds, and how many connections there are at most. */
const requestMs = 10_000
const maxConnections = 64

/** The server of the console: the page's files, the trade of a code for a token, and what the page asks of the sidecar. */
export function createConsoleServer(options: ConsoleServerOptions): Server {
  const server = createGuardedServer(
    { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384 },
    (request, response) => {
      for (const [name, value] of Object.entries(fixedHeaders)) response.setHeader(name, value)
      const { port } = server.address() as AddressInfo
      const path = request.url ?? ''
      const stranger = strangerOf(request, `127.0.0.1:${port}`, path === '/')
      if (stranger !== undefined) turnAway(response, stranger.status, stranger.reason)
      else
        answer(options, request, response, path).catch((error: unknown) => {
          process.stderr.write(`The console could not answer: ${(error as Error).message}\n`)
          if (response.headersSent) response.destroy()
          else answerFault(response, 500, 'console_failed', 'The console could not answer; its terminal says why.')
        })
    },
    guard,
  )
  server.maxConnections = maxConnections
  return server
}

function guard(server: Server): void {
  const end = (_: unknown, socket: Pick<Socket, 'destroy'>): void => void socket.destroy()
  server.on('clientError', end)
  server.on('connect', end)
  server.on('checkExpectation', (_request, response: ServerResponse) => turnAway(response, 417, 'No expectation is met here.'))
}

async function answer(
  { code, token, asked, files }: ConsoleServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const { method, headers } = request
  const file = files.get(path)
  if (file !== undefined && (method === 'GET' || method === 'HEAD')) {
    response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.bytes.length }).end(method === 'HEAD' ? '' : file.bytes)
  } else if (path === '/token' && method === 'POST') {
    const body = await readBody(request)
    const { code: presented } = body ?? {}
    if (typeof presented === 'string' && code.take(presented)) answerJson(response, 200, { token: token.issue() })
    else
      answerFault(response, 401, 'code_over', 'This link was used, or is older than a minute. Press Enter in the terminal for another one.')
  } else if (!path.startsWith('/api/')) turnAway(response, 404, 'There is nothing here.')
  else if (!token.isIn(headers.authorization))
    answerFault(response, 401, 'session_over', 'This page may not ask any more. Press Enter in the terminal for another link.')
  else await answerPage(asked, request, response, path.slice('/api'.length))
}

async function answerPage(asked: Asked, request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
  if (request.method === 'GET') {
    const question = findQuestion(target)
    if (question === undefined) answerFault(response, 404, 'not_found', 'The console has no such question.')
    else await passOn(response, asked, question.role, { method: 'GET', path: `/admin/v1${target}` })
    return
  }
  const change = request.method === 'POST' ? findChange(target) : undefined
  if (change === undefined) {
    answerFault(response, 404, 'not_found', 'The console has no such change.')
    return
  }
  const body = await readBody(request)
  const wanted = body === undefined ? undefined : change.read(body)
  if (wanted === undefined) answerFault(response, 400, 'request_malformed', 'The page named nothing that can be changed.')
  else if (body?.['confirm'] !== wanted.alias)
    answerFault(response, 400, 'not_confirmed', `Type ${wanted.alias} to confirm. Nothing was changed.`)
  else await passOn(response, asked, change.role, wanted.question)
}
