import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Bytes of a body that are read and discarded so that the client can read its answer. */
const maxDiscardedBytes = 1024 * 1024

/** How long a client may go on sending after its answer, in milliseconds. */
const maxDiscardMs = 2000

/** After `maxDiscardedBytes`: how long the client has to read its answer before its connection is closed, in milliseconds. */
const readingMs = 300

/**
 * Reads and discards the rest of a request's body after its answer.
 *
 * Closing the connection at once would reset it, and the client would lose the answer. Reading without a bound would let
 * the client send for ever. So `maxDiscardedBytes` are read, then nothing for `readingMs`, then the connection is closed.
 */
export function discardBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) return
  const { socket } = request
  closeHalfFirst(socket)
  let discarded = 0
  const hangUp = (): void => {
    socket.destroy()
  }
  const hangUpWhereEnded = (): void => {
    clearTimeout(timer)
    if (socket.writableEnded) hangUp()
    else Reflect.deleteProperty(socket, 'destroySoon')
  }
  let timer = setTimeout(hangUp, maxDiscardMs)
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length
    if (discarded <= maxDiscardedBytes || !response.writableFinished) return
    request.pause()
    clearTimeout(timer)
    timer = setTimeout(hangUp, readingMs)
  })
  request.once('close', () => clearTimeout(timer))
  request.once('end', hangUpWhereEnded)
  request.once('error', () => clearTimeout(timer))
  request.resume()
}

/**
 * After the answer to a request with `Connection: close`, Node calls `socket.destroySoon`, which closes both halves. This
 * closes only our half, so that the client's half stays open until its body is discarded.
 */
function closeHalfFirst(socket: Socket): void {
  socket.destroySoon = () => void socket.end()
}
