import type { Arrival, ResponseSink } from '../arrival.js'

/** Tells when the client is gone, or its answer is through. */
export function onceClientGone({ connection }: Arrival, sink: ResponseSink, gone: () => void): void {
  if (sink.socket !== null) {
    sink.once('close', gone)
    return
  }
  // An answer that waits for an earlier one on its connection is not told when the connection ends.
  // As many answers may wait as a client pipelines; each takes its listener off again.
  connection.setMaxListeners(0)
  connection.on('close', gone)
  sink.once('close', () => {
    connection.off('close', gone)
    gone()
  })
}
