import type { IncomingMessage } from 'node:http'

/** How long a client may go on sending after the whole answer, in milliseconds: one that reads only then gets to it. */
const longestMs = 30_000

/** How long it may send nothing meanwhile, in milliseconds. */
const longestSilenceMs = 5000

/**
 * Reads what is left of a body whose answer came before its end, for nobody, and ends the connection where that takes
 * too long: some clients write everything before they read, and nothing else is read of the connection before.
 */
export function readRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  const { socket } = request
  const hangUp = (): void => {
    socket.destroy()
  }
  const inAll = setTimeout(hangUp, longestMs)
  const silence = setTimeout(hangUp, longestSilenceMs)
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
