import type { Exchange } from './exchange.js'

/**
 * Sends an answer's head where its first bytes keep the client waiting: a load balancer takes one that says nothing for
 * one that is gone.
 *
 * @returns What stops the clock, once the answer has begun or will not.
 */
export function beginInTime(exchange: Exchange, begin: () => void): () => void {
  const { sink, route } = exchange.facts
  if (sink.headersSent) return () => {}
  const timer = setTimeout(() => {
    if (exchange.settled) return
    // Nobody would catch it here.
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
