import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A proxy of connections that tries again while nobody listens behind it. */
export interface PatientProxy {
  readonly origin: string
  close(): Promise<void>
}

const pauseMs = 20

/** @param patienceMs How long it tries to connect. */
export async function startPatientProxy(port: number, patienceMs: number): Promise<PatientProxy> {
  const open = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, async (client) => {
    open.add(client)
    client.on('close', () => open.delete(client)).on('error', () => {})
    const behind = await connectPatiently(port, performance.now() + patienceMs)
    if (behind === undefined) {
      client.destroy()
      return
    }
    open.add(behind)
    behind.on('close', () => (open.delete(behind), client.destroySoon())).on('error', () => client.destroy())
    client.pipe(behind)
    behind.pipe(client)
    client.resume()
  })
  await new Promise<void>((done) => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, done)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise((done) => {
        server.close(() => done())
      })
    },
  }
}

async function connectPatiently(port: number, until: number): Promise<Socket | undefined> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const connected = await new Promise<boolean>((done) => {
      socket.once('connect', () => done(true)).once('error', () => done(false))
    })
    if (connected) return socket
    if (performance.now() > until) return undefined
    await sleep(pauseMs)
  }
}
