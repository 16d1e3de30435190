import type { IncomingMessage } from 'node:http'

/**
 * Adds `X-Forwarded-For`, `-Proto` and `-Host`, name and value in turn. If a trusted proxy sent them, its values are kept
 * and the chain (that of `Forwarded` too) gets the peer appended; otherwise they are rebuilt, as any client can write them.
 */
export function addForwarded(to: string[], { headers, socket }: IncomingMessage, fromProxy: boolean): void {
  const peer = socket.remoteAddress ?? ''
  const scheme = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http'
  if (!fromProxy) {
    to.push('X-Forwarded-For', peer, 'X-Forwarded-Proto', scheme, 'X-Forwarded-Host', headers.host ?? '')
    return
  }
  const before = said(headers['x-forwarded-for'])
  to.push(
    'X-Forwarded-For',
    before === undefined ? peer : `${before}, ${peer}`,
    'X-Forwarded-Proto',
    said(headers['x-forwarded-proto']) ?? scheme,
    'X-Forwarded-Host',
    said(headers['x-forwarded-host']) ?? headers.host ?? '',
  )
  const forwarded = said(headers.forwarded)
  if (forwarded !== undefined) to.push('Forwarded', `${forwarded}, for=${nodeOf(peer)}`)
}

/** An address as the `for` of `Forwarded` (RFC 7239, 6). */
function nodeOf(peer: string): string {
  return peer.includes(':') ? `"[${peer}]"` : peer
}

function said(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
