import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How much of a refused body is read so that the client sees its answer, in bytes. */
const mostDiscardedBytes = 1024 * 1024

/** How long a client may go on sending after its answer, in milliseconds. */
const longestDiscardMs = 2000

/** How long one that sends more has to read its answer before its connection ends, in milliseconds. */
const readingMs = 300

/**
 * Deals with what is left of a request's body after its answer.
 *
 * Closing at once would reset the connection, and the client would lose the answer; reading on without a
 * bound would let it send for ever. So a little is read, then nothing for a moment, and then the connection ends.
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
  let timer = setTimeout(hangUp, longestDiscardMs)
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length
    if (discarded <= mostDiscardedBytes || !response.writableFinished) return
    request.pause()
    clearTimeout(timer)
    timer = setTimeout(hangUp, readingMs)
  })
  request.once('close', () => clearTimeout(timer))
  request.once('end', hangUpWhereEnded)
  request.once('error', () => clearTimeout(timer))
  request.resume()
}

/** After the answer to a request that says `Connection: close`, Node closes at once; here the client's half stays open until it is dealt with. */
function closeHalfFirst(socket: Socket): void {
  socket.destroySoon = () => void socket.end()
}
