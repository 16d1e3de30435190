import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '@postern/ports'

/**
 * Whether the client has left. Looks at the connection too: if an answer waits for an earlier one on its connection, Node
 * does not tell that answer when the connection closes.
 */
export function isClientGone({ socket }: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || isSocketGone(socket)
}

/**
 * Whether a connection is closed, even if it still has unread bytes. After a reset, a TCP socket has no `remoteAddress`,
 * and the backend would get an empty `X-Forwarded-For`. A Unix socket never has a `remoteAddress` or a `localAddress`.
 *
 * This function closes a connection that was reset. Node notices a reset only when it reads from the socket, and it stops reading while
 * 64 KB of a body wait for a consumer.
 */
export function isSocketGone(socket: Socket): boolean {
  if (socket.destroyed) return true
  const isReset = socket.remoteAddress === undefined && socket.localAddress !== undefined
  if (isReset) socket.destroy()
  return isReset
}

/** Calls `gone` when the client has left or has its whole answer; may call it twice. */
export function onceClientGone({ socket }: IncomingMessage, response: ServerResponse, gone: () => void): void {
  response.once('close', gone)
  if (response.socket !== null) return
  // A client may pipeline many requests, and each adds a listener until its answer closes: switch Node's leak warning off.
  socket.setMaxListeners(0)
  socket.once('close', gone)
  response.once('close', () => socket.off('close', gone))
}

/** The refusal that `connections/intake` destroyed a request's body with; `undefined` if it did not. */
export function refusedBody({ errored }: IncomingMessage): Refusal | undefined {
  return errored instanceof Refusal ? errored : undefined
}
