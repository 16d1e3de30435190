import type { Arrival, ResponseSink } from '../arrival.js'

/** Tells when the client is gone, or its answer is through. */
export function onceClientGone({ connection }: Arrival, sink: ResponseSink, gone: () => void): void {
  sink.once('close', gone)
  if (sink.socket !== null) return
  // An answer that waits for an earlier one on its connection is not told when the connection ends.
  // As many answers may wait as a client pipelines; each takes its listener off again.
  connection.setMaxListeners(0)
  connection.on('close', gone)
  sink.once('close', () => connection.off('close', gone))
}

/** Ends what {@link onceClientGone} began. */
export function forgetClient({ connection }: Arrival, sink: ResponseSink, gone: () => void): void {
  sink.off('close', gone)
  connection.off('close', gone)
}
