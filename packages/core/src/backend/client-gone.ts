import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '../refusal.js'

/**
 * Whether nobody waits for an answer any more. Node does not tell an answer that waits for an earlier one on its
 * connection when that connection ends.
 */
export function isClientGone({ socket }: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || isSocketGone(socket)
}

/**
 * Whether a connection has ended, though its bytes may still be read. After a reset, a TCP socket has no `remoteAddress`
 * any more, and the backend would get an empty `X-Forwarded-For`; a Unix socket has neither address from the beginning.
 */
export function isSocketGone(socket: Socket): boolean {
  return socket.destroyed || (socket.remoteAddress === undefined && socket.localAddress !== undefined)
}

/** Calls `gone` when the client has left, or has its whole answer; perhaps twice. */
export function onceClientGone({ socket }: IncomingMessage, response: ServerResponse, gone: () => void): void {
  response.once('close', gone)
  if (response.socket !== null) return
  // As many answers may wait as a client pipelines; each takes its listener off again.
  socket.setMaxListeners(0)
  socket.once('close', gone)
  response.once('close', () => socket.off('close', gone))
}

/** What the door ended a request's body in. */
export function refusedBody({ errored }: IncomingMessage): Refusal | undefined {
  return errored instanceof Refusal ? errored : undefined
}
