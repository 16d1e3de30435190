/**
 * Readers of what Redis replies. Something in between, such as a proxy or another program on its port, may reply in a form
 * that no command has: that is a failure of the store, never an answer of it.
 */

/** An entry of a stream: its fields are names and values by turns. */
export type StreamEntry = readonly [id: string, fields: readonly string[]]

/** @returns Whether `SET … NX` set the key. */
export function readFirst(reply: unknown): boolean {
  if (reply !== 'OK' && reply !== null) throw unreadable()
  return reply === 'OK'
}

/** @returns What was counted, at least 1. */
export function readCount(reply: unknown): number {
  if (typeof reply !== 'number' || !Number.isSafeInteger(reply) || reply < 1) throw unreadable()
  return reply
}

/** @returns A text. */
export function readText(reply: unknown): string {
  if (typeof reply !== 'string') throw unreadable()
  return reply
}

/** @returns A list of texts. */
export function readTexts(reply: unknown): readonly string[] {
  if (!Array.isArray(reply) || !(reply as unknown[]).every((text) => typeof text === 'string')) throw unreadable()
  return reply as readonly string[]
}

/** @returns A page of `SCAN`. */
export function readPage(reply: unknown): { readonly cursor: string; readonly keys: readonly string[] } {
  const [cursor, keys] = Array.isArray(reply) ? (reply as unknown[]) : []
  return { cursor: readText(cursor), keys: readTexts(keys) }
}

/** Checks that a script came to its end, where it returns 1. */
export function readDone(reply: unknown): void {
  if (reply !== 1) throw unreadable()
}

/**
 * @param after The id that the first entry must be after; each further one must be after the one before it. So whoever
 *   reads page by page comes to an end.
 */
export function readEntries(reply: unknown, after?: string): readonly StreamEntry[] {
  if (!Array.isArray(reply)) throw unreadable()
  let last = after
  for (const entry of reply as unknown[]) {
    if (!isEntry(entry) || (last !== undefined && !isBefore(last, entry[0]))) throw unreadable()
    last = entry[0]
  }
  return reply as StreamEntry[]
}

/** Compares ids of a stream: milliseconds, a hyphen, and a number among those of the same millisecond, each of 64 bits. */
export function isBefore(one: string, other: string): boolean {
  const [milliseconds, sequence] = partsOf(one)
  const [otherMilliseconds, otherSequence] = partsOf(other)
  return milliseconds === otherMilliseconds ? sequence < otherSequence : milliseconds < otherMilliseconds
}

function partsOf(id: string): readonly [bigint, bigint] {
  const [milliseconds = '', sequence = ''] = id.split('-')
  return [BigInt(milliseconds), BigInt(sequence)]
}

function isEntry(value: unknown): value is StreamEntry {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [id, fields] = value as unknown[]
  return (
    typeof id === 'string' && /^\d{1,20}-\d{1,20}$/.test(id) && Array.isArray(fields) && fields.every((field) => typeof field === 'string')
  )
}

function unreadable(): Error {
  return new Error('Redis cannot be used: it replied in a form that the command does not have.')
}
