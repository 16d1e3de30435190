import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, Transform } from 'node:stream'
import type { Slot } from '@postern/core'
import { webSocket } from '../doors/asks-for-web-socket.js'
import { destroyOnceSent, endSoon, letGoOfUnread } from '../doors/end-then-destroy.js'
import { headText } from '../doors/head-text.js'
import { refuseForBackend } from './for-backend.js'
import { faultOfAnswer, mayHaveBody, switched } from './fault-of-answer.js'
import type { EarlyBytes } from './early-bytes.js'
import type { Outage } from './outage.js'
import { noteStatus } from './noted-ends.js'
import { passedToClient } from './passed-headers.js'
import { plainReason } from './plain-reason.js'

/** How long one side of a tunnel stays open after the other has ended, in milliseconds, so that bytes on the way arrive. */
const endingMs = 2000

/** What {@link tunnel} works with. */
export interface TunnelFacts {
  readonly upstream: ClientRequest
  readonly request: IncomingMessage
  readonly socket: Socket
  readonly early: EarlyBytes
  readonly turn: Slot
  readonly outage: Outage
}

/**
 * Joins the client's connection to the backend's once the backend accepts WebSocket with 101 (RFC 9110, 7.8). Any other
 * answer is passed on, and closes the connection. An error after the begin of an answer destroys the connection.
 */
export function tunnel({ upstream, request, socket, early, turn, outage }: TunnelFacts): void {
  let begun = false
  const begin = (): void => {
    begun = true
    outage.answered()
    turn.begun()
  }
  const fail = (error: Error): void => {
    if (begun) {
      socket.destroy()
      return
    }
    begun = true
    // If the client left, it was this process that ended the request: not a failure of the backend.
    if (socket.destroyed) return
    outage.failed(error)
    refuseOnTunnel(request, socket, error)
  }
  upstream.once('close', turn.over)
  socket.once('close', () => upstream.destroy())
  upstream.on('upgrade', (answer, backend: Socket, first) => {
    backend.on('error', () => socket.destroy())
    // Node emits `close` on the request when the tunnel begins; the turn is over when the backend's socket closes.
    upstream.off('close', turn.over)
    backend.once('close', turn.over)
    if (begun || socket.destroyed || answer.headers.upgrade?.toLowerCase() !== webSocket) {
      backend.destroy()
      fail(new Error(switched))
      return
    }
    begin()
    noteStatus(request, 101)
    writeHead(socket, answer, ['Connection', 'Upgrade', 'Upgrade', webSocket])
    if (first.length > 0) socket.write(first)
    const bytes = early.take()
    if (bytes.length > 0) backend.write(bytes)
    join(socket, backend)
  })
  upstream.on('response', (answer) => {
    const fault = faultOfAnswer(answer)
    if (begun || fault !== undefined) {
      fail(fault ?? new Error(switched))
      upstream.destroy()
      return
    }
    begin()
    noteStatus(request, answer.statusCode as number)
    // Without `Content-Length`, the client could not tell an answer that breaks off from a whole one: send it in chunks.
    const inChunks = answer.headers['content-length'] === undefined && mayHaveBody(answer)
    writeHead(socket, answer, [...(inChunks ? ['Transfer-Encoding', 'chunked'] : []), 'Connection', 'close'])
    answer.on('error', () => socket.destroy())
    const body = inChunks ? answer.pipe(chunks()) : answer
    body.pipe(socket)
    letGoOfUnread(socket, body)
    answer.once('end', () => destroyOnceSent(socket, endingMs))
  })
  upstream.on('error', fail)
  upstream.end()
}

/** Frames a body (RFC 9112, 7.1). */
function chunks(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      this.push(`${chunk.length.toString(16)}\r\n`)
      this.push(chunk)
      done(null, '\r\n')
    },
    flush: (done) => done(null, '0\r\n\r\n'),
  })
}

/** Passes bytes both ways. When one side ends, both are destroyed after `endingMs`; the client's once it has been sent what came of the backend. */
function join(socket: Socket, backend: Socket): void {
  socket.once('end', () => {
    setTimeout(() => {
      backend.destroy()
      destroyOnceSent(socket, 0)
    }, endingMs)
  })
  backend.once('end', () => {
    setTimeout(() => backend.destroy(), endingMs)
    destroyOnceSent(socket, endingMs)
  })
  backend.once('close', () => {
    // Without an end it broke off: then nothing more is sent.
    if (!backend.readableEnded) socket.destroy()
  })
  socket.once('close', () => backend.destroy())
  socket.pipe(backend).pipe(socket)
  letGoOfUnread(socket, backend)
}

/** Answers in place of the backend, on a connection that Node has detached, and closes it. */
export function refuseOnTunnel(request: IncomingMessage, socket: Duplex, error: Error): void {
  if (socket.destroyed) return
  const { status, headers, body } = refuseForBackend(error, request)
  socket.write(headText(status, '', [...withoutClose(headers), 'Connection', 'close']), 'latin1')
  endSoon(socket, body)
}

function withoutClose(headers: readonly string[]): string[] {
  return headers.flatMap((name, index) => (index % 2 === 0 && name !== 'Connection' ? [name, headers[index + 1] as string] : []))
}

function writeHead(socket: Duplex, { statusCode, statusMessage, rawHeaders, headers }: IncomingMessage, further: readonly string[]): void {
  const passed = passedToClient(statusCode as number, rawHeaders, headers.connection)
  // Node decoded the head as Latin-1, so encoding it as Latin-1 gives the same bytes.
  socket.write(headText(statusCode as number, plainReason(statusMessage), [...passed, ...further]), 'latin1')
}
