import type { IncomingMessage } from 'node:http'
import type { IsTrusted } from '../trusted-peers.js'

/**
 * Says on whose behalf a request comes, name and value in turn: rebuilt, since anybody can write these
 * headers, and continued only where a trusted proxy wrote them.
 */
export function forwardedHeaders(request: IncomingMessage, isTrusted: IsTrusted): string[] {
  const { headers, socket } = request
  const peer = socket.remoteAddress ?? ''
  const trusted = isTrusted(peer)
  const said = (name: string): string | undefined => {
    const value = headers[name]
    return trusted && typeof value === 'string' && value !== '' ? value : undefined
  }
  const before = said('x-forwarded-for')
  return [
    'X-Forwarded-For',
    before === undefined ? peer : `${before}, ${peer}`,
    'X-Forwarded-Proto',
    said('x-forwarded-proto') ?? 'http',
    'X-Forwarded-Host',
    said('x-forwarded-host') ?? headers.host ?? '',
  ]
}
