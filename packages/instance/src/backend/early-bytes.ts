import type { Socket } from 'node:net'

/** The most bytes that a client may send before the upgrade is answered; RFC 6455, 4.1 allows none. */
const maxBytes = 16_384

/** What a client sends before its connection is a WebSocket. */
export interface EarlyBytes {
  /** Returns these bytes and stops reading the connection. */
  take(): Buffer
}

/**
 * Reads a connection that Node has detached until it is a WebSocket: on a socket that is not read, Node does not report
 * that the client has left.
 *
 * @param head The bytes that came with the request's head, after it.
 */
export function readEarlyBytes(socket: Socket, head: Buffer): EarlyBytes {
  const pieces = [head]
  let size = head.length
  const keep = (chunk: Buffer): void => {
    pieces.push(chunk)
    size += chunk.length
    if (size > maxBytes) socket.destroy()
  }
  const leave = (): void => {
    socket.destroy()
  }
  socket.on('data', keep)
  socket.on('end', leave)
  return {
    take() {
      socket.off('data', keep)
      socket.off('end', leave)
      socket.pause()
      return Buffer.concat(pieces)
    },
  }
}
