import type { IncomingMessage } from 'node:http'

/** How long a client may go on sending its body after the whole answer was sent, in milliseconds. */
const maxMs = 30_000

/** How long the client may send nothing in this time, in milliseconds. */
const maxSilenceMs = 5000

/**
 * If the answer was sent before the request's body ended, reads and discards the rest of that body, and destroys the
 * connection if that takes too long. Some clients read the answer only after they wrote the whole body, and no further
 * request can be read from the connection before.
 */
export function readRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  const { socket } = request
  const hangUp = (): void => {
    socket.destroy()
  }
  const inAll = setTimeout(hangUp, maxMs)
  const silence = setTimeout(hangUp, maxSilenceMs)
  const stop = (): void => {
    clearTimeout(inAll)
    clearTimeout(silence)
  }
  request.unpipe()
  request.on('data', () => silence.refresh())
  request.once('end', stop)
  request.once('close', stop)
  request.once('error', stop)
  request.resume()
}
