import { connect, createServer, type Socket } from 'node:net'
import { listenAnywhere } from './house.js'

/** A way to another port of this machine, on which connections can be counted. */
export interface CountedPassage {
  readonly origin: string
  /** How many connections are open now. */
  open(): number
  close(): Promise<void>
}

/** Passes every byte on unchanged, to `port` of 127.0.0.1 and back. */
export async function openCountedPassage(port: number): Promise<CountedPassage> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    open.add(client)
    const onward = connect({ port, host: '127.0.0.1', noDelay: true })
    client.pipe(onward).pipe(client)
    const part = (): void => {
      client.destroy()
      onward.destroy()
      open.delete(client)
    }
    for (const socket of [client, onward]) socket.on('error', part).on('close', part)
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    open: () => open.size,
    close() {
      for (const socket of open) socket.destroy()
      return new Promise((closed) => void server.close(() => closed()))
    },
  }
}
