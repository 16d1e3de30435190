import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenAnywhere } from '../../support/house.js'
import { type Message, readMessage } from './message.js'
import type { AnsweredOnWire } from './row.js'

/** A server on bare TCP that answers each request as it is told. */
export interface WireUpstream {
  readonly origin: string
  answers(next: AnsweredOnWire): void
  /** The requests that came since this was asked last, as far as they came. */
  take(): Message[]
  close(): Promise<void>
}

/** Between two pieces, in milliseconds: enough for a packet of its own. */
export const pieceMs = 3

export async function startWireUpstream(): Promise<WireUpstream> {
  let next: AnsweredOnWire = { pieces: [] }
  let seen: Map<object, Message> = new Map()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    let text = ''
    let request = {}
    let answered = false
    let invited = false
    let underWay = false
    let hasEnded = false
    const answer = async (): Promise<void> => {
      underWay = true
      await say(socket, next)
      underWay = false
      if (hasEnded) socket.end()
    }
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('end', () => {
      hasEnded = true
      if (!underWay) socket.end()
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      // An empty line before a request is overlooked (RFC 9112, 2.2).
      if (!seen.has(request)) text = text.replace(/^(?:\r\n)+/, '')
      const message = readMessage(text, {})
      if (message === undefined) return
      seen.set(request, message)
      if (!answered && (message.whole || next.early === true)) {
        answered = true
        void answer()
      }
      if (!message.whole) {
        if (!answered && !invited && message.rawHeaders.includes('100-continue')) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        invited = true
        return
      }
      text = text.slice(message.length)
      request = {}
      answered = false
      invited = false
    })
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    answers(told) {
      next = told
      seen = new Map()
    },
    take: () => [...seen.values()],
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

async function say(socket: Socket, { pieces, after = 'keep' }: AnsweredOnWire): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await sleep(pieceMs)
    if (socket.destroyed) return
    socket.write(Buffer.from(piece, 'latin1'))
  }
  if (after === 'keep') return
  await sleep(pieceMs)
  if (after === 'close') socket.end()
  else socket.resetAndDestroy()
}
