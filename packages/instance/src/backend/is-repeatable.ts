import type { IncomingMessage } from 'node:http'

/** Whether a request may be sent twice: it is a GET, HEAD or OPTIONS without a body. */
export function isRepeatable({ method, headers }: IncomingMessage): boolean {
  const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
  return empty && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
