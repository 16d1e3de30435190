import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Target } from './target.js'

/**
 * Asks the backend for a sign of life: `HEAD /`, without anything of a client, on a connection of its own. Every answer is one, whatever its
 * status.
 *
 * @throws {Error} by rejecting, if no head of an answer comes before the signal is aborted.
 */
export function ping({ secure, address, authority }: Target, signal: AbortSignal): Promise<void> {
  const send = secure ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const asked = send({ ...address, method: 'HEAD', path: '/', headers: { Host: authority }, agent: false, signal }, (answer) => {
      answer.resume()
      answer.on('error', () => {})
      resolve()
    })
    asked.on('error', reject)
    asked.end()
  })
}
