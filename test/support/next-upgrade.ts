import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** Waits for a server's next request for another protocol, and answers nothing. */
export function nextUpgrade(server: Server): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    server.once('upgrade', (request: IncomingMessage, socket: Duplex) => {
      ignoreReset(socket)
      resolve(request)
    })
  })
}

/** Node leaves a socket that it hands over without an `error` listener, so a reset by the other end would end the process. */
export function ignoreReset(socket: Duplex): void {
  socket.on('error', () => {})
}
