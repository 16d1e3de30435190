import { createServer, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { listenAnywhere } from './house.js'

/** A proxy as networks have one: it opens tunnels, and forwards requests to plain-http origins. */
export interface TestProxy {
  readonly port: number
  /** The requests that it got, in order: `CONNECT host:port`, or a method and a whole URL. */
  readonly asked: readonly string[]
  /** The `Proxy-Authorization` of each request. */
  readonly credentials: readonly (string | undefined)[]
  /** How many connections of clients are open. */
  connections(): number
  /** Every byte that clients sent through tunnels, as latin1. */
  tunnelled(): string
  /** Answers requests for a tunnel with this status from now on; `undefined` opens tunnels again. */
  refuse(status: number | undefined): void
  close(): Promise<void>
}

/** @param portOf Returns the port of a host on 127.0.0.1: host names are resolved only here. */
export async function startProxy(portOf: (host: string) => number): Promise<TestProxy> {
  const asked: string[] = []
  const credentials: (string | undefined)[] = []
  const open = new Set<Socket>()
  let tunnelled = ''
  let refused: number | undefined
  const server = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const { 'proxy-authorization': credential, ...headers } = incoming.headers
    credentials.push(credential)
    const target = new URL(incoming.url as string)
    const { hostname, pathname, search } = target
    const path = pathname + search
    const onward = request(
      { port: portOf(hostname), host: '127.0.0.1', method: incoming.method, path, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode as number, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  })
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
  })
  server.on('connect', ({ url, headers }, socket: Socket) => {
    asked.push(`CONNECT ${url}`)
    credentials.push(headers['proxy-authorization'])
    if (refused !== undefined) {
      socket.end(`HTTP/1.1 ${refused} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const onward = connect(portOf((url as string).split(':')[0] as string), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.on('data', (bytes: Buffer) => (tunnelled += bytes.toString('latin1')))
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    // A pipe hands on an end, and no reset: without this, a process that is killed in a handshake leaves its connection to the server open for ever.
    socket.on('close', () => onward.destroy())
  })
  const origin = await listenAnywhere(server)
  return {
    port: Number(new URL(origin).port),
    asked,
    credentials,
    connections: () => open.size,
    tunnelled: () => tunnelled,
    refuse: (status) => (refused = status),
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}
