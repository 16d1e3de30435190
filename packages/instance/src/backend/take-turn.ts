import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connections } from '../connections/connections.js'
import { type Slot, tooMuchHeld } from '@postern/core'
import { Refusal } from '@postern/ports'

/** Memory that a waiting request costs beside its body, rounded up, in bytes: its head and Node's objects for it. */
const bytesOfWaiting = 16_384

/** The client's side of a request to the backend. */
export interface ClientEnd {
  readonly request: IncomingMessage
  /** The answer; for a WebSocket, the connection that Node has detached. */
  readonly sink: Socket | ServerResponse
}

/** What {@link takeTurn} calls, and its bounds. */
export interface TurnTaking {
  /** Called when the request has its turn. */
  readonly come: (turn: Slot) => void
  /** Called if it gets no turn: 504 `backend_timeout`, or 429 `rate_limited` if too many bytes are held. */
  readonly refuse: (error: Error) => void
  /** How long the request may wait while the queue does not move, in milliseconds. */
  readonly longestWaitMs: number
  /** How many bytes of its body are held in memory. */
  readonly bodyBytes: number
}

/** Gives a request its turn at the backend, at once or when there is room. If the client leaves, the request leaves the queue. */
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
    // Measure from when the queue last moved: a long queue that moves does not mean that the backend fails to answer.
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
