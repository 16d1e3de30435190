import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Proxy } from './config/proxies.js'
import type { Connect } from './open-connector.js'
import { ProxyFailure } from './proxy-failure.js'

/**
 * Makes connections through a proxy that passes on bytes (RFC 9110, 9.3.6). With TLS inside, the proxy learns the name of
 * the host and nothing that is said to it.
 *
 * @param connect Makes the connection in the tunnel.
 */
export function openTunnel(proxy: Proxy, timeoutMs: number, connect: Connect): Connect {
  return (target, callback) => {
    const place = `${target.hostname}:${target.port === '' ? (target.protocol === 'https:' ? 443 : 80) : target.port}`
    const asked = ask(proxy, place)
    const timer = setTimeout(() => {
      asked.destroy(Object.assign(new Error('it did not answer in time.'), { code: 'ETIMEDOUT' }))
    }, timeoutMs)
    asked.once('error', (error) => {
      clearTimeout(timer)
      callback(ProxyFailure.unreachable(proxy, error), null)
    })
    asked.once('connect', ({ statusCode }, socket, head) => {
      clearTimeout(timer)
      // Bytes before ours were said are nobody's.
      if (statusCode !== 200 || head.length > 0) {
        socket.on('error', () => {}).destroy()
        callback(ProxyFailure.refused(proxy, statusCode), null)
        return
      }
      connect({ ...target, httpSocket: socket }, callback)
    })
    asked.end()
  }
}

function ask({ secure, host, port, headers }: Proxy, place: string): ClientRequest {
  const send = secure ? requestHttps : requestHttp
  return send({
    host,
    port,
    method: 'CONNECT',
    path: place,
    agent: false,
    headers: { host: place, ...headers() },
    insecureHTTPParser: false,
  })
}
