import type { Arrival, ResponseSink } from '../arrival.js'

/**
 * Tells when the client is gone, or its answer is through.
 *
 * @returns What ends the watch.
 */
export function onceClientGone({ connection }: Arrival, sink: ResponseSink, gone: () => void): () => void {
  sink.once('close', gone)
  if (sink.socket !== null) return () => sink.off('close', gone)
  // An answer that waits for an earlier one on its connection is not told when the connection ends.
  // As many answers may wait as a client pipelines; each takes its listener off again.
  connection.setMaxListeners(0)
  const ended = (): void => {
    unwatch()
    gone()
  }
  const unwatch = (): void => {
    connection.off('close', ended)
    sink.off('close', gone)
    sink.off('close', unwatch)
  }
  connection.on('close', ended)
  sink.once('close', unwatch)
  return unwatch
}
