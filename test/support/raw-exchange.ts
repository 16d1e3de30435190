import { connect } from 'node:net'

/** Sends bytes as they are and gives everything that comes back until the peer closes or falls silent. */
export function rawExchange(origin: string, bytes: string | Buffer, silenceMs = 300): Promise<string> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const finish = (): void => {
      socket.destroy()
      resolve(received)
    }
    socket.setTimeout(silenceMs, finish)
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('end', finish)
    socket.on('error', (error) => (received === '' ? reject(error) : finish()))
  })
}
