import { digestKey } from './digest-key.js'
import { inTransaction } from './in-transaction.js'
import type { SqliteFile } from './open-sqlite-file.js'

/**
 * Every `callsPerSweep` calls, up to `rowsPerSweep` expired rows are deleted: twice as many as can have been added,
 * in less than a millisecond.
 */
const callsPerSweep = 64
const rowsPerSweep = 128

/**
 * While the table seems full, its rows are counted at most this often, in milliseconds. Counting a million rows takes
 * some.
 */
const recountMs = 1000

/** A table of keys, each with a count and an end. */
export interface Counts {
  /**
   * Adds one to the count of a key and returns the new count.
   *
   * @throws {Error} if the key is new and the table is full.
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

  // An estimate: an expired key that counts from 1 again is taken for a further row, and another process may write
  // too. `isFull` corrects it.
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
      // If a value cannot be bound, the prepared statement stays open: check it first.
      if (!Number.isSafeInteger(Math.ceil(until))) throw new RangeError('The end of what is remembered is no time.')
      const digest = digestKey(key)
      const count = inTransaction(database, () => addWithin(digest, until))
      // Thrown outside the transaction: a rollback would restore the rows that the sweep deleted.
      if (count === undefined) throw new Error('The store is full.')
      if (count === 1) rows += 1
      return count
    },
  }
}
