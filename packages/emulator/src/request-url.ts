import type { IncomingMessage } from 'node:http'

/** The URL of a request on the address it really arrived at, whatever its Host header says. Never throws. */
export function requestUrl({ url = '/', socket }: IncomingMessage): URL {
  const { localAddress = '127.0.0.1', localPort = 80 } = socket
  const origin = `http://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`
  if (url.startsWith('/')) return new URL(origin + url)
  return URL.canParse(url) ? new URL(url) : new URL(origin)
}
