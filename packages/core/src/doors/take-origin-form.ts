import type { IncomingMessage } from 'node:http'

const slash = 0x2f

/**
 * Gives a request's target as a path. Where a client writes a whole URL, of the host that it also names, as it
 * does to a proxy, the path is taken out of it and put in its place; a URL of any other host stays what it is,
 * which leads nowhere (RFC 9112, 3.2.2).
 */
export function takeOriginForm(request: IncomingMessage): string {
  const target = request.url as string
  if (target.charCodeAt(0) === slash) return target
  const [, scheme = '', authority = '', rest = ''] = /^(https?):\/\/([^/?#]+)(.*)$/i.exec(target) ?? []
  if (authority === '' || withoutPort(authority, scheme) !== withoutPort(request.headers.host ?? '', scheme)) return target
  const path = rest.startsWith('/') ? rest : `/${rest}`
  request.url = path
  return path
}

function withoutPort(authority: string, scheme: string): string {
  const usual = scheme.toLowerCase() === 'https' ? ':443' : ':80'
  const plain = authority.toLowerCase()
  return plain.endsWith(usual) ? plain.slice(0, -usual.length) : plain
}
