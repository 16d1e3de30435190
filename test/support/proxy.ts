import { createServer, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { listenAnywhere } from './house.js'

/** A proxy as networks have one: it opens tunnels, and asks plain origins for what it is asked for. */
export interface TestProxy {
  readonly port: number
  /** What it was asked for, in order: `CONNECT host:port`, or a method and a whole address. */
  readonly asked: readonly string[]
  /** What it was told as `Proxy-Authorization`. */
  readonly credentials: readonly (string | undefined)[]
  /** Every byte that clients sent through tunnels, one a character. */
  tunnelled(): string
  /** What it answers a tunnel with, in place of one. */
  refuse(status: number | undefined): void
  close(): Promise<void>
}

/** @param portOf Where each host is, by its name: names resolve here and nowhere else. */
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
  })
  const origin = await listenAnywhere(server)
  return {
    port: Number(new URL(origin).port),
    asked,
    credentials,
    tunnelled: () => tunnelled,
    refuse: (status) => (refused = status),
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}
