import type { ProxyOf } from './config/proxies.js'
import { openDirect, type Road } from './fetch-bounded.js'
import { openUpstream } from './forward/open-upstream.js'

/** The connections of one runtime to those who say who a caller is: the issuers of tokens, and the backend. */
export interface Roads {
  /** The way to a URL: through a proxy if the configuration or the environment names one for it. */
  to(url: URL): Road
  /** The way without a proxy, whatever the environment says. */
  readonly direct: Road
  /** A way to a Unix socket, whatever host the URL names. */
  throughSocket(socketPath: string): Road
  /** Ends every connection at once, with what is asked on it. */
  close(): Promise<void>
}

/** Timeouts of connections to an issuer through a proxy, in milliseconds. `identify/key-set` gives up earlier, by its own signal. */
const issuerMs = 5000

export function openRoads(proxyOf: ProxyOf): Roads {
  const direct = openDirect()
  const open: Road[] = [direct]
  const kept = (road: Road): Road => {
    open.push(road)
    return road
  }
  return {
    to(url) {
      const proxy = proxyOf(url)
      if (proxy === undefined) return direct
      return kept(openUpstream({ origin: url.origin, proxy, timeouts: { connectMs: issuerMs, headersMs: issuerMs, idleMs: issuerMs } }))
    },
    direct,
    throughSocket: (socketPath) => kept(openDirect(socketPath)),
    async close() {
      await Promise.all(open.map((road) => road.destroy()))
    },
  }
}
