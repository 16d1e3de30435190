import { type Server, type ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

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

/** Prepares a server for its last calls. */
export function prepareLastCalls(server: Server): LastCalls {
  const begun = new Set<ServerResponse>()
  let isLeaving = false
  let isOver = false
  server.prependListener('request', (_request, response: ServerResponse) => {
    if (isLeaving) response.shouldKeepAlive = false
    begun.add(response)
    response.once('close', () => {
      begun.delete(response)
      // A head that was sent before may have promised to keep the connection.
      if (isOver) setImmediate(() => server.closeIdleConnections())
    })
  })
  return {
    async take(atMostMs) {
      isLeaving = true
      for (const response of begun) if (!response.headersSent) response.shouldKeepAlive = false
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
