import type { IncomingMessage } from 'node:http'

const slash = 0x2f

/**
 * Returns a request's target as path and query. If the target is a whole URL (absolute-form, RFC 9112, 3.2.2) whose host
 * is the one in `Host`, also replaces `request.url` by its path and query. Default ports and case do not count. Any
 * other target is returned as it is, and no route matches it.
 */
export function takeOriginForm(request: IncomingMessage): string {
  const target = request.url as string
  if (target.charCodeAt(0) === slash) return target
  const path = originForm(target, request.headers.host)
  if (path === undefined) return target
  request.url = path
  return path
}

/** Returns path and query of a whole URL whose host is this one; `undefined` for any other target. */
export function originForm(target: string, host = ''): string | undefined {
  const [, scheme = '', authority = '', rest = ''] = /^(https?):\/\/([^/?#]+)(.*)$/i.exec(target) ?? []
  if (authority === '' || withoutPort(authority, scheme) !== withoutPort(host, scheme)) return undefined
  return rest.startsWith('/') ? rest : `/${rest}`
}

function withoutPort(authority: string, scheme: string): string {
  const usual = scheme.toLowerCase() === 'https' ? ':443' : ':80'
  const plain = authority.toLowerCase()
  return plain.endsWith(usual) ? plain.slice(0, -usual.length) : plain
}
