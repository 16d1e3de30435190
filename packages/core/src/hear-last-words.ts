import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/** How long is read on after a write has failed, in milliseconds. */
const longestMs = 1000

const heard = new WeakSet<Socket>()

/**
 * Reads what a server has said before it closed a connection that something is still written to, such as a 413 in the
 * middle of an upload: Node ends a connection with the first write that fails, and what lies in it unread is lost.
 *
 * So the failure is kept back until the server's end is read, or a moment has passed. Until then the writer waits.
 */
export function hearLastWords(socket: Socket): void {
  if (heard.has(socket)) return
  heard.add(socket)
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, keepBack(socket, done))
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, keepBack(socket, done))
}

function keepBack(socket: Socket, done: Done): Done {
  return (error) => {
    if (!isClosedByPeer(error)) {
      done(error)
      return
    }
    const timer = setTimeout(() => done(error), longestMs)
    socket.once('close', () => clearTimeout(timer))
  }
}

function isClosedByPeer(error: (Error & { readonly code?: string }) | null | undefined): boolean {
  return error?.code === 'EPIPE' || error?.code === 'ECONNRESET'
}
