import type { Exchange } from './exchange.js'

/**
 * Sends the head of an answer if its first bytes take longer than `firstEventMs`: a load balancer may treat a silent server
 * as dead.
 *
 * @returns A function that stops the timer.
 */
export function beginInTime(exchange: Exchange, begin: () => void): () => void {
  const { sink, route } = exchange.facts
  if (sink.headersSent) return () => {}
  const timer = setTimeout(() => {
    if (exchange.settled) return
    // An exception in a timer's callback would end the process.
    try {
      begin()
      sink.flushHeaders()
    } catch (error) {
      exchange.refuse(error)
      exchange.abort(error as Error)
    }
  }, route.gateway.timeouts.firstEventMs)
  timer.unref()
  return () => clearTimeout(timer)
}
