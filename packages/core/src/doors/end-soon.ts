import type { Duplex } from 'node:stream'

/** How long the other side has to read what was said last, in milliseconds. */
const readingMs = 300

/**
 * Says a last thing on a connection and ends it, whether the other side does so too or not: no server counts such
 * a connection any more, and one that stays half open would hold up its end for ever.
 */
export function endSoon(socket: Duplex, last: string): void {
  const destroy = (): void => {
    socket.destroy()
  }
  // Node listens no more, and an error that nobody hears ends the process.
  socket.on('error', destroy)
  socket.end(last, () => setTimeout(destroy, readingMs))
}
