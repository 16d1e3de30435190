import { type Dispatcher, Pool } from 'undici'
import type { Proxy } from '@postern/ports'
import type { Connect } from './open-tunnel.js'
import { openConnector } from './open-connector.js'
import { ProxyFailure } from './proxy-failure.js'

/**
 * The most bytes of response headers that Postern accepts in one answer, of a gateway or of the backend. Node's default of 16 KiB is
 * less than other HTTP clients accept.
 */
export const maxAnswerHeadBytes = 64 * 1024

/** The origin, proxy and timeouts of an upstream. */
export interface UpstreamPlace {
  /** Scheme, host and port. */
  readonly origin: string
  /** The proxy that leads there; `undefined`: a direct connection. */
  readonly proxy: Proxy | undefined
  /** The one authority, in PEM, whose certificates are believed. Default: those that the process knows. */
  readonly authority?: string | undefined
  /** How long to wait for a connection, for the head of an answer and for the next byte of it, in milliseconds. */
  readonly timeouts: { readonly connectMs: number; readonly headersMs: number; readonly idleMs: number }
}

/**
 * Opens a pool of connections to the fixed origin of a gateway, or to the proxy that leads there, for the life of the
 * runtime.
 *
 * Only this function connects to a gateway. It follows no redirects, so no credential reaches another host.
 */
export function openUpstream({ origin, proxy, timeouts, authority }: UpstreamPlace): Dispatcher {
  const isAsked = proxy !== undefined && origin.startsWith('http:')
  const options: Pool.Options = {
    connect: isAsked ? connectTo(proxy, timeouts.connectMs) : openConnector({ timeout: timeouts.connectMs, ca: authority }, proxy),
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.idleMs,
    pipelining: 1,
    maxHeaderSize: maxAnswerHeadBytes,
  }
  return isAsked ? new AskedProxy(proxy, origin, options) : new Pool(origin, options)
}

/** Connections to a proxy itself; a failure names it. */
function connectTo(proxy: Proxy, timeout: number): Connect {
  const connect = openConnector({ timeout })
  return (target, callback) =>
    connect(target, (...answer) => {
      const [error] = answer
      if (error === null) callback(...answer)
      else callback(ProxyFailure.unreachable(proxy, error), null)
    })
}

/** Sends requests for an `http:` origin to a proxy in absolute form (RFC 9112, 3.2.2): few proxies open a tunnel to port 80. */
class AskedProxy extends Pool {
  readonly #proxyOrigin: string
  readonly #proxy: Proxy
  readonly #origin: string

  constructor(proxy: Proxy, origin: string, options: Pool.Options) {
    const host = proxy.host.includes(':') ? `[${proxy.host}]` : proxy.host
    const proxyOrigin = `${proxy.secure ? 'https' : 'http'}://${host}:${proxy.port}`
    super(proxyOrigin, options)
    this.#proxyOrigin = proxyOrigin
    this.#proxy = proxy
    this.#origin = origin
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const added = { host: new URL(this.#origin).host, ...this.#proxy.headers() }
    const headers = Array.isArray(options.headers)
      ? [...options.headers, ...Object.entries(added).flat()]
      : { ...(options.headers as Record<string, string> | undefined), ...added }
    return super.dispatch({ ...options, origin: this.#proxyOrigin, path: `${this.#origin}${options.path}`, headers }, handler)
  }
}
