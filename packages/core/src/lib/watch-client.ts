import type { Arrival, ResponseSink } from '@postern/ports'

/** Calls `gone` once the client has left or its answer is complete. */
export function onceClientGone({ connection }: Arrival, sink: ResponseSink, gone: () => void): void {
  // `close` comes once, so `on` does for `once`, which makes a wrapper for each listener.
  sink.on('close', gone)
  if (sink.socket !== null) return
  // A pipelined answer without a socket gets no `close` event when the connection ends, so listen on the connection.
  // A client may pipeline many requests; each listener is removed again.
  connection.setMaxListeners(0)
  connection.on('close', gone)
  sink.once('close', () => connection.off('close', gone))
}

/** Removes the listeners of {@link onceClientGone}. */
export function forgetClient({ connection }: Arrival, sink: ResponseSink, gone: () => void): void {
  sink.off('close', gone)
  connection.off('close', gone)
}
