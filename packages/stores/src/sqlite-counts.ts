import { digestKey } from './digest-key.js'
import { inTransaction } from './in-transaction.js'
import type { SqliteFile } from './open-sqlite-file.js'

/** Expired rows are thrown out after so many calls, so many at a time: twice what can have been added, and under a millisecond. */
const callsPerSweep = 64
const rowsPerSweep = 128

/** How often the rows are counted while there seems to be no room, in milliseconds. A million take some. */
const recountMs = 1000

/** Keys with a count and an end, in a table. */
export interface Counts {
  /**
   * Adds one to a key and gives the new count.
   *
   * @throws {Error} where the key is new and there is no room.
   */
  add(key: string, until: number): number
}

export function createCounts(database: SqliteFile, mostEntries: number): Counts {
  const add = database.prepare(`
    INSERT INTO counted (key, count, until) VALUES (?1, 1, ?2)
    ON CONFLICT (key) DO UPDATE SET count = iif(until > ?3, count + 1, 1), until = iif(until > ?3, until, excluded.until)
    RETURNING count`)
  const addToKnown = database.prepare('UPDATE counted SET count = count + 1 WHERE key = ? AND until > ? RETURNING count')
  const sweep = database.prepare(
    `DELETE FROM counted WHERE key IN (SELECT key FROM counted WHERE until <= ? ORDER BY until LIMIT ${rowsPerSweep})`,
  )
  const countRows = database.prepare('SELECT count(*) AS count FROM counted')

  // A key that begins anew is counted as a further row, and another process may write too: it is an estimate, set right when it matters.
  let rows = (countRows.get() as { count: number }).count
  let recountedAt = -Infinity
  let calls = 0

  function isFull(now: number): boolean {
    if (rows < mostEntries) return false
    if (now - recountedAt >= recountMs) {
      recountedAt = now
      rows = (countRows.get() as { count: number }).count
    }
    return rows >= mostEntries
  }

  function addWithin(digest: string, until: number): number | undefined {
    const now = Date.now()
    if (calls++ % callsPerSweep === 0) rows -= sweep.run(now).changes
    const found = isFull(now) ? addToKnown.get(digest, now) : add.get(digest, Math.ceil(until), now)
    return (found as { count: number } | undefined)?.count
  }

  return {
    add(key, until) {
      // A statement that fails to be bound stays half begun.
      if (!Number.isSafeInteger(Math.ceil(until))) throw new RangeError('The end of what is remembered is no time.')
      const digest = digestKey(key)
      const count = inTransaction(database, () => addWithin(digest, until))
      // Not thrown within, where it would bring back what was thrown out.
      if (count === undefined) throw new Error('The store is full.')
      if (count === 1) rows += 1
      return count
    },
  }
}
