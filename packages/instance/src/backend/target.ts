/** A Unix socket, or a host and a port. */
export interface Address {
  readonly socketPath?: string
  readonly host?: string
  readonly port?: number
}

/** Where the backend listens. */
export interface Target {
  readonly secure: boolean
  /** What to connect to. */
  readonly address: Address
  /** The `Host` for a client that sends none. */
  readonly authority: string
}

/**
 * Reads `http://127.0.0.1:3000` or `unix:/run/app.sock`.
 *
 * @throws {TypeError} if the text is not a URL.
 */
export function targetOf(url: string): Target {
  if (url.startsWith('unix:')) return { secure: false, address: { socketPath: url.slice('unix:'.length) }, authority: 'localhost' }
  const { hostname, port, host, protocol } = new URL(url)
  const secure = protocol === 'https:'
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (secure ? 443 : 80) : Number(port) }
  return { secure, address, authority: host }
}
