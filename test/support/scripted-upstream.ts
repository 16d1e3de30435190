import { createServer, type Socket } from 'node:net'
import { listenAnywhere } from './house.js'

/** What the server does with a connection after the head of a request has arrived. */
export type Script = (socket: Socket) => unknown

/** A server on bare TCP that answers each request by a script of the test. */
export interface ScriptedUpstream {
  readonly origin: string
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>
  /** The heads of the requests, in order. */
  readonly heads: readonly string[]
  close(): Promise<void>
}

/** @param scriptOf Returns the script for a request's head; `undefined`: do nothing. */
export async function startScriptedUpstream(scriptOf: (head: string) => Script | undefined): Promise<ScriptedUpstream> {
  const open = new Set<Socket>()
  const heads: string[] = []
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    let bytes = ''
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.toString('latin1')
      const [head = ''] = bytes.split('\r\n\r\n', 1)
      if (head.length === bytes.length) return
      bytes = ''
      heads.push(head)
      scriptOf(head)?.(socket)
    })
  })
  const origin = await listenAnywhere(server)
  return {
    origin,
    open,
    heads,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Sends a text as latin1 and ends the connection. */
export function say(...parts: readonly string[]): Script {
  return (socket) => {
    socket.write(Buffer.from(parts.join(''), 'latin1'))
    socket.end()
  }
}

/** Sends a text as latin1, then resets the connection. */
export function sayAndReset(...parts: readonly string[]): Script {
  return (socket) => {
    socket.write(Buffer.from(parts.join(''), 'latin1'), () => setTimeout(() => socket.resetAndDestroy(), 5))
  }
}
