import type { Socket } from 'node:net'

/** How much a client may send before it knows whether it may, in bytes; it must not at all (RFC 6455, 4.1). */
const mostBytes = 16_384

/** What a client sends before its connection is a WebSocket. */
export interface EarlyBytes {
  /** Gives them, and leaves what follows to whoever reads it next. */
  take(): Buffer
}

/**
 * Reads a connection that Node gave away until it is a WebSocket: of one that nobody reads, nobody learns that its
 * client has left.
 *
 * @param head What came behind the request's head.
 */
export function readEarlyBytes(socket: Socket, head: Buffer): EarlyBytes {
  const pieces = [head]
  let size = head.length
  const keep = (chunk: Buffer): void => {
    pieces.push(chunk)
    size += chunk.length
    if (size > mostBytes) socket.destroy()
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
