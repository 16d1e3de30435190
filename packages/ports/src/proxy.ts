/** An HTTP proxy for outgoing connections. */
export interface Proxy {
  /** The variable that names it. */
  readonly variable: string
  /** Whether the proxy itself is reached over TLS. */
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** `Proxy-Authorization`, if the proxy's URL has a user or password. A function, so that printing this object shows no password. */
  readonly headers: () => Readonly<Record<string, string>>
}

/** All that a connection through a proxy depends on, its password included: to compare, never to show. */
export function describeProxy(proxy: Proxy | undefined): object | null {
  return proxy === undefined ? null : { ...proxy, headers: proxy.headers() }
}

/** Returns the proxy for a URL; `undefined`: connect directly. */
export type ProxyOf = (target: URL) => Proxy | undefined
