import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Proxy } from '@postern/ports'
import { hearLastWords } from './hear-last-words.js'
import { type Connect, openTunnel } from './open-tunnel.js'

/** undici's own options for connections. `timeout` is in milliseconds. */
export type ConnectorOptions = buildConnector.BuildOptions & { readonly timeout: number }

/**
 * undici's own connector, with a workaround for connections that end while an answer still waits for its client.
 *
 * If the last piece of an answer fills the client's buffer, undici 7 leaves its parser paused behind that piece. When the
 * connection ends, undici asserts that the parser is not paused; nothing can catch this, and the process ends. So our
 * listeners resume the parser just before. By then all bytes were handed on, and undici only has to report whether the
 * answer is complete. See ADR 0022.
 *
 * @param proxy The proxy that connections go through; `undefined`: direct.
 */
export function openConnector(options: ConnectorOptions, proxy?: Proxy): Connect {
  const direct = buildConnector(options)
  const connect = proxy === undefined ? direct : openTunnel(proxy, options.timeout, direct)
  return (target, callback) =>
    connect(target, (...answer) => {
      const [error, socket] = answer
      // If the connection failed, undici passes no socket.
      if (error !== null || socket === null) {
        callback(...answer)
        return
      }
      hearLastWords(socket)
      // These listeners must run before undici's own, which `callback` adds.
      socket.on('end', goOn)
      socket.on('error', goOnAfterReset)
      socket.on('close', goOnAfterClose)
      callback(null, socket)
    })
}

/** The used part of undici's private parser. Version 7.30.2 is pinned; the test `whole-at-the-end` fails if the parser changes. */
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
  // After `end` the socket holds no bytes. After a reset it may: undici parses them and then reports a broken answer.
  parser.execute((this.read() as Uint8Array | null) ?? nothing)
  // A close-delimited body is handed on once more, as an empty piece, and pauses the parser again.
  if (parser.paused) unpause(parser)
}

/** For errors other than `ECONNRESET` undici reports a broken answer and asserts nothing. */
function goOnAfterReset(this: Socket, error: Error & { code?: string }): void {
  if (error.code !== 'ECONNRESET') return
  goOn.call(this)
  // After a reset a close-delimited body is incomplete (RFC 9112, 8). Without this flag undici would report it as complete.
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
