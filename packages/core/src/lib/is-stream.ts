import type { Readable } from 'node:stream'

/** Whether a body streams through: it is not held in memory, so it can be read once only. */
export function isStream(body: Readable | Buffer | null): body is Readable {
  return body !== null && !Buffer.isBuffer(body)
}
