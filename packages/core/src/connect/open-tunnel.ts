import type { buildConnector } from 'undici'
import { type ClientRequest, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Proxy } from '@postern/ports'
import { ProxyFailure } from './proxy-failure.js'

/** Makes a connection. */
export type Connect = buildConnector.connector

/**
 * Makes connections through a proxy, with CONNECT (RFC 9110, 9.3.6). With TLS in the tunnel the proxy learns the host's
 * name and none of the content.
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
      // Bytes behind the 200 cannot be the target's answer, since we have sent it nothing yet.
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
