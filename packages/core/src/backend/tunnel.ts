import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { passedToClient } from './passed-headers.js'
import { refuseForBackend } from './refuse-for-backend.js'

/** Joins two connections once the backend agrees to speak something else on them (RFC 9110, 7.8); its refusal is passed on. */
export function tunnel(upstream: ClientRequest, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => upstream.destroy())
  socket.once('close', () => upstream.destroy())
  upstream.once('upgrade', (answer, backend, first) => {
    const protocol = ['Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? request.headers.upgrade ?? '']
    socket.write(headOf(answer, protocol))
    if (first.length > 0) socket.write(first)
    if (head.length > 0) backend.write(head)
    backend.on('error', () => socket.destroy())
    backend.once('close', () => socket.destroy())
    socket.once('close', () => backend.destroy())
    socket.pipe(backend).pipe(socket)
  })
  upstream.once('response', (answer) => {
    socket.write(headOf(answer, ['Connection', 'close']))
    answer.once('error', () => socket.destroy())
    answer.pipe(socket)
  })
  upstream.once('error', (error) => {
    if (socket.destroyed) return
    const { status, headers, body } = refuseForBackend(error, request)
    socket.end(writeHead(status, '', [...headers, 'Connection', 'close']) + body)
  })
  upstream.end()
}

function headOf({ statusCode, statusMessage, rawHeaders, headers }: IncomingMessage, further: readonly string[]): string {
  return writeHead(statusCode as number, statusMessage ?? '', [...passedToClient(rawHeaders, headers.connection), ...further])
}

function writeHead(status: number, reason: string, headers: readonly string[]): string {
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : []))
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('\r\n')}\r\n\r\n`
}
