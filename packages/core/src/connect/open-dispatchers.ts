import type { ProxyOf } from '@postern/ports'
import { openDirect, type Dispatcher } from './fetch-bounded.js'
import { openUpstream } from './open-upstream.js'

/** The connections of one runtime to those who say who a caller is (the issuers of tokens, the backend), and to sources of keys. */
export interface Dispatchers {
  /**
   * The way to a URL: through a proxy if the configuration or the environment names one for it.
   *
   * @param authority The one authority, in PEM, whose certificates are believed. Default: those that the process knows.
   */
  to(url: URL, authority?: string): Dispatcher
  /** The way without a proxy, whatever the environment says. */
  readonly direct: Dispatcher
  /** A way to a Unix socket, whatever host the URL names. */
  throughSocket(socketPath: string): Dispatcher
  /** Ends every connection at once, with what is asked on it. */
  close(): Promise<void>
}

/** Timeouts of connections to an issuer through a proxy, in milliseconds. `identify/key-set` gives up earlier, by its own signal. */
const issuerMs = 5000

export function openDispatchers(proxyOf: ProxyOf): Dispatchers {
  const direct = openDirect()
  const open: Dispatcher[] = [direct]
  const kept = (dispatcher: Dispatcher): Dispatcher => {
    open.push(dispatcher)
    return dispatcher
  }
  return {
    to(url, authority) {
      const proxy = proxyOf(url)
      if (proxy === undefined) return authority === undefined ? direct : kept(openDirect({ authority }))
      const timeouts = { connectMs: issuerMs, headersMs: issuerMs, idleMs: issuerMs }
      return kept(openUpstream({ origin: url.origin, proxy, timeouts, authority }))
    },
    direct,
    throughSocket: (socketPath) => kept(openDirect({ socketPath })),
    async close() {
      await Promise.all(open.map((dispatcher) => dispatcher.destroy()))
    },
  }
}
