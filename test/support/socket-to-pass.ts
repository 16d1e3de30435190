import { type AddressInfo, createServer } from 'node:net'

/** A socket that listens, for processes that are started with it. */
export interface SocketToPass {
  /** Such as `http://127.0.0.1:1234`, or the path. */
  readonly origin: string
  readonly descriptor: number
  /** Closes it here. It goes on listening for as long as any process has it. */
  letGo(): Promise<void>
}

/** How many connections wait at most while nobody takes them; as systemd, which leaves the bound to the system. */
const backlog = 4096

/** Opens a socket of TCP or, with a path, a Unix socket. Once this process has let go, it takes no connection itself. */
export async function openSocketToPass(path?: string): Promise<SocketToPass> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((done) => {
    server.listen({ backlog, ...(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }) }, done)
  })
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle
  return {
    origin: path ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    descriptor: fd,
    letGo: () =>
      new Promise((done) => {
        server.close(() => done())
      }),
  }
}
