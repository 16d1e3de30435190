import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How many probes may be connected at once: in all, and from one address. */
const mostConnections = 64
const mostOfOneAddress = 16

/** How long a connection lives at most, whatever is sent on it, in milliseconds. A probe has its answer within half a second. */
const lifeMs = 2000

/**
 * Bounds the connections of a listener for probes. Where there is one too many, the oldest goes and the new one stays: nobody
 * who holds connections, or opens them again and again, keeps out a probe that asks at once.
 */
export function boundProbes(server: Server): void {
  // From the oldest to the newest.
  const open = new Map<Socket, string>()
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const life = setTimeout(() => socket.destroy(), lifeMs)
    socket.once('close', () => {
      clearTimeout(life)
      open.delete(socket)
    })
    open.set(socket, address)
    const ofAddress = [...open].flatMap(([each, its]) => (its === address ? [each] : []))
    if (ofAddress.length > mostOfOneAddress) letGo(ofAddress[0] as Socket)
    else if (open.size > mostConnections) letGo(open.keys().next().value as Socket)
  })

  function letGo(socket: Socket): void {
    open.delete(socket)
    socket.destroy()
  }
}
