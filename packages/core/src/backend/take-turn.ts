import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connections } from '../connections/index.js'
import type { Turn } from '../connections/lines.js'
import { Refusal } from '../refusal.js'
import { tooMuchHeld } from '../read/hold.js'

/** What a request that waits costs beside its body, rounded up, in bytes: its head, and what Node makes for it. */
const bytesOfWaiting = 16_384

/** A client's end of an exchange with the backend. */
export interface ClientEnd {
  readonly request: IncomingMessage
  /** The connection that was given away, or the answer that waits on one. */
  readonly sink: Socket | ServerResponse
}

/** What becomes of a request that asks for its turn. */
export interface TurnTaking {
  /** It has its turn, and the client is there. */
  readonly come: (turn: Turn) => void
  /** It got none. */
  readonly refuse: (error: Error) => void
  /** How long it may wait while the line does not move, in milliseconds. */
  readonly longestWaitMs: number
  /** What of its body is held. */
  readonly bodyBytes: number
}

/** Gives a request its turn at the backend, at once or when there is room; whoever leaves gives the place up. */
export function takeTurn(
  connections: Connections,
  { request, sink }: ClientEnd,
  { come, refuse, longestWaitMs, bodyBytes }: TurnTaking,
): void {
  const { socket } = request
  const address = connections.addressOfRequest(request)
  let waits: { timer: NodeJS.Timeout; readonly bytes: number } | undefined

  const stopWaiting = (): void => {
    if (waits === undefined) return
    clearTimeout(waits.timer)
    connections.held.letGo(address, waits.bytes)
    waits = undefined
    socket.off('close', giveUp)
    sink.off('close', giveUp)
  }
  const giveUp = (): void => {
    stopWaiting()
    leave?.()
  }

  const leave = connections.toBackend.enter(address, (turn) => {
    stopWaiting()
    come(turn)
  })
  if (leave === undefined) return
  const bytes = bytesOfWaiting + bodyBytes
  if (!connections.held.take(address, bytes)) {
    leave()
    refuse(tooMuchHeld())
    return
  }
  const since = performance.now()
  const late = (): void => {
    // While those before it come to their turn, it comes nearer to its own: a long line is no backend that does not answer.
    const left = Math.max(since, connections.toBackend.movedAt(address)) + longestWaitMs - performance.now()
    if (left > 0 && waits !== undefined) {
      waits.timer = setTimeout(late, left)
      return
    }
    giveUp()
    refuse(new Refusal('backend_timeout'))
  }
  waits = { timer: setTimeout(late, longestWaitMs), bytes }
  socket.setMaxListeners(0)
  socket.on('close', giveUp)
  sink.on('close', giveUp)
}
