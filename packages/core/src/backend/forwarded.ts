import type { IncomingMessage } from 'node:http'
import type { IsTrusted } from '../trusted-peers.js'

/**
 * Adds on whose behalf a request comes, name and value in turn: rebuilt, since anybody can write these
 * headers, and continued only where a trusted proxy wrote them.
 */
export function addForwarded(to: string[], { headers, socket }: IncomingMessage, isTrusted: IsTrusted): void {
  const peer = socket.remoteAddress ?? ''
  if (!isTrusted(peer)) {
    to.push('X-Forwarded-For', peer, 'X-Forwarded-Proto', 'http', 'X-Forwarded-Host', headers.host ?? '')
    return
  }
  const before = said(headers['x-forwarded-for'])
  to.push(
    'X-Forwarded-For',
    before === undefined ? peer : `${before}, ${peer}`,
    'X-Forwarded-Proto',
    said(headers['x-forwarded-proto']) ?? 'http',
    'X-Forwarded-Host',
    said(headers['x-forwarded-host']) ?? headers.host ?? '',
  )
}

function said(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
