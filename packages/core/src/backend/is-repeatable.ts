import type { IncomingMessage } from 'node:http'

/** It has no body, and asking twice is like asking once. */
export function isRepeatable({ method, headers }: IncomingMessage): boolean {
  const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
  return empty && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS')
}
