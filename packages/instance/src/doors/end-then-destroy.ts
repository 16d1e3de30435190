import type { Duplex } from 'node:stream'

/** How long the peer has to read the last text, in milliseconds. */
const readingMs = 300

/**
 * Writes a last text to a connection, closes our half, and destroys the connection after `readingMs`. The connection was
 * detached from its server, so no timeout of the server applies: without this, a half-closed one could stay for ever.
 */
export function endSoon(socket: Duplex, last: string): void {
  const destroy = (): void => {
    socket.destroy()
  }
  // Node has no `error` listener on a detached socket, and an `error` event without a listener ends the process.
  socket.on('error', destroy)
  socket.end(last, () => setTimeout(destroy, readingMs))
}
