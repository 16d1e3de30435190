import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { webSocket } from '../doors/asks-for-web-socket.js'
import { endSoon } from '../doors/end-soon.js'
import { switched } from './client-road.js'
import { passedToClient } from './passed-headers.js'
import { refuseForBackend } from '../answers/for-backend.js'

/** Joins two connections once the backend agrees to speak WebSocket on them (RFC 9110, 7.8); its refusal is passed on. */
export function tunnel(upstream: ClientRequest, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.once('close', () => upstream.destroy())
  upstream.once('upgrade', (answer, backend, first) => {
    backend.on('error', () => socket.destroy())
    if (answer.headers.upgrade?.toLowerCase() !== webSocket) {
      backend.destroy()
      refuseOnTunnel(request, socket, new Error(switched))
      return
    }
    writeHead(socket, answer, ['Connection', 'Upgrade', 'Upgrade', webSocket])
    if (first.length > 0) socket.write(first)
    if (head.length > 0) backend.write(head)
    backend.once('close', () => socket.destroy())
    socket.once('close', () => backend.destroy())
    socket.pipe(backend).pipe(socket)
  })
  upstream.once('response', (answer) => {
    if (answer.statusCode === 101) {
      upstream.destroy(new Error(switched))
      return
    }
    writeHead(socket, answer, ['Connection', 'close'])
    answer.once('error', () => socket.destroy())
    answer.pipe(socket)
  })
  upstream.once('error', (error) => refuseOnTunnel(request, socket, error))
  upstream.end()
}

/** Answers in the backend's place, on the bare connection. */
export function refuseOnTunnel(request: IncomingMessage, socket: Duplex, error: Error): void {
  if (socket.destroyed) return
  const { status, headers, body } = refuseForBackend(error, request)
  socket.write(linesOf(status, '', [...headers, 'Connection', 'close']), 'latin1')
  endSoon(socket, body)
}

function writeHead(socket: Duplex, { statusCode, statusMessage, rawHeaders, headers }: IncomingMessage, further: readonly string[]): void {
  const passed = passedToClient(rawHeaders, headers.connection)
  // Node reads heads as Latin-1, so that they leave as they came.
  socket.write(linesOf(statusCode as number, statusMessage ?? '', [...passed, ...further]), 'latin1')
}

function linesOf(status: number, reason: string, headers: readonly string[]): string {
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : []))
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('\r\n')}\r\n\r\n`
}
