import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/** How long the socket is read after a write has failed, in milliseconds. */
const maxMs = 1000

const heard = new WeakSet<Socket>()

/**
 * Saves the answer of a server that closed the connection while Postern was still writing, such as a 413 in the middle of
 * an upload. Node destroys a socket at the first write that fails, and the bytes that were not read yet are lost.
 *
 * So if a write fails with `EPIPE` or `ECONNRESET`, its error is held back for `maxMs`, or until the socket closes.
 * Until then the writer waits, and the answer is read.
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
    // A socket that is destroyed reads nothing more, and may have told of its end already.
    if (socket.destroyed) {
      done(error)
      return
    }
    const tell = (): void => {
      clearTimeout(timer)
      socket.off('close', tell)
      done(error)
    }
    const timer = setTimeout(tell, maxMs).unref()
    socket.once('close', tell)
  }
}

function isClosedByPeer(error: (Error & { readonly code?: string }) | null | undefined): boolean {
  return error?.code === 'EPIPE' || error?.code === 'ECONNRESET'
}
