import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Proxy } from './config/proxies.js'
import { hearLastWords } from './hear-last-words.js'
import { openTunnel } from './open-tunnel.js'

/** Makes a connection. */
export type Connect = buildConnector.connector

/** How connections are made; undici's own options. */
export type ConnectorOptions = buildConnector.BuildOptions & { readonly timeout: number }

/**
 * undici's own connector, whose connections may end while an answer on them waits for its client.
 *
 * An answer that fills its client with its last piece leaves undici's parser paused behind it. At the end of the connection
 * undici asserts that it is not, where nobody can catch that, and the process ends. So the parser goes on just before: all that
 * came was handed on by then, and only that the answer is whole, or is not, is still to be said. See ADR 0022.
 *
 * @param proxy What the connections lead through.
 */
export function openConnector(options: ConnectorOptions, proxy?: Proxy): Connect {
  const direct = buildConnector(options)
  const connect = proxy === undefined ? direct : openTunnel(proxy, options.timeout, direct)
  return (target, callback) =>
    connect(target, (...answer) => {
      const [error, socket] = answer
      // Where there is no connection, undici leaves the socket out.
      if (error !== null || socket === null) {
        callback(...answer)
        return
      }
      hearLastWords(socket)
      // Before undici's own listeners, which it adds in this call.
      socket.on('end', goOn)
      socket.on('error', goOnAfterReset)
      socket.on('close', goOnAfterClose)
      callback(null, socket)
    })
}

/** What is used of undici's parser, which has no public name: version 7.30.2 is pinned, and `whole-at-the-end` fails with another. */
interface Parser {
  paused: boolean
  shouldKeepAlive: boolean
  readonly ptr: number
  readonly llhttp: { llhttp_resume(ptr: number): void }
  execute(bytes: Uint8Array): void
}

const nothing = new Uint8Array(0)

function goOn(this: Socket): void {
  const parser = parserOf(this)
  if (parser?.paused !== true) return
  unpause(parser)
  // At an end nothing is left. After a reset what is left, or a body that only an end ends, makes undici say that it broke off.
  parser.execute((this.read() as Uint8Array | null) ?? nothing)
  // A body without an end of its own is handed on once more, empty, and waits once more.
  if (parser.paused) unpause(parser)
}

/** Of other errors undici says that the answer broke off, and asserts nothing. */
function goOnAfterReset(this: Socket, error: Error & { code?: string }): void {
  if (error.code !== 'ECONNRESET') return
  goOn.call(this)
  // A body that only the end of its connection ends is not whole behind a reset (RFC 9112, 8); undici would say that it is.
  const parser = parserOf(this)
  if (parser !== undefined) parser.shouldKeepAlive = true
}

function goOnAfterClose(this: Socket): void {
  if (this.errored === null) goOn.call(this)
}

function unpause(parser: Parser): void {
  parser.llhttp.llhttp_resume(parser.ptr)
  parser.paused = false
}

function parserOf(socket: Socket): Parser | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser')
  return symbol === undefined ? undefined : ((socket as unknown as Record<symbol, Parser | null>)[symbol] ?? undefined)
}
