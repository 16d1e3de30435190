import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'

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

/** How long a client may read nothing of what there is for it, in milliseconds. */
const unreadMs = 120_000

/**
 * Destroys a detached connection whose client reads nothing of what is piped to it for `afterMs`, whatever the client sends meanwhile. While
 * there is nothing for the client, it may be silent for as long as it likes.
 *
 * @param source What is piped to the connection. Call this function after `pipe`.
 */
export function letGoOfUnread(socket: Socket, source: Readable, afterMs = unreadMs): void {
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    clearTimeout(timer)
    timer = undefined
  }
  source.on('data', () => {
    if (socket.writableNeedDrain) timer ??= setTimeout(() => socket.destroy(), afterMs)
  })
  socket.on('drain', stop)
  socket.once('close', stop)
}

/**
 * Destroys a detached connection `lingerMs` after its last byte was handed to the system, or once the client has read nothing for two
 * minutes. Call this function after the last write; it does not end the connection, `socket.end` or a pipe does.
 *
 * @param lingerMs How long the client may still send, in milliseconds.
 */
export function destroyOnceSent(socket: Socket, lingerMs: number): void {
  const destroy = (): void => {
    socket.destroy()
  }
  const linger = (): void => void setTimeout(destroy, lingerMs)
  if (socket.writableFinished) {
    linger()
    return
  }
  // What is sent counts as activity.
  socket.setTimeout(unreadMs, destroy)
  socket.once('finish', linger)
}
