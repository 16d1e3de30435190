import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerOn } from '@postern/instance'

/** What a server does between the signal to stop and the drain. */
export interface LastCalls {
  /**
   * Accepts no further connection, and has every answer say `Connection: close`. What arrives on a connection that was
   * accepted before is still taken, so that no client meets a refusal only because it was faster than the signal.
   *
   * @returns Once no connection is left, or after this time.
   */
  take(atMostMs: number): Promise<void>
}

/**
 * Prepares a server for its last calls. It keeps connections and no answers: a set that each call enters and leaves would keep every
 * answer alive for a while (see `OpenList` of the core).
 */
export function prepareLastCalls(server: Server): LastCalls {
  const connections = new Set<Socket>()
  const last = new WeakSet<ServerResponse>()
  let isLeaving = false
  let isOver = false

  /** Lets the connection end with this answer, or with the last one that waits behind it. */
  function end(response: ServerResponse, socket: Socket): void {
    if (!response.headersSent) response.shouldKeepAlive = false
    if (last.has(response)) return
    last.add(response)
    response.once('close', () => {
      setImmediate(() => {
        const next = answerOn(socket)
        if (next !== null) end(next, socket)
        // A head that was sent before may have promised to keep the connection.
        else if (isOver) server.closeIdleConnections()
      })
    })
  }

  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  server.prependListener('request', ({ socket }, response: ServerResponse) => {
    if (isLeaving) end(response, socket)
  })
  return {
    async take(atMostMs) {
      isLeaving = true
      for (const socket of connections) {
        const response = answerOn(socket)
        if (response !== null) end(response, socket)
      }
      const timer = new AbortController()
      const closed = new Promise<void>((done) => {
        // An HTTP server's own `close` would close idle connections too, on which a request may be under way.
        NetServer.prototype.close.call(server, () => done())
      })
      await Promise.race([closed, sleep(atMostMs, undefined, { signal: timer.signal }).catch(() => {})])
      timer.abort()
      isOver = true
    },
  }
}
