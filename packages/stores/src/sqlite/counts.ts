import { StoreFull } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import { inTransaction } from './in-transaction.js'
import type { SqliteFile } from './in-transaction.js'

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

  /** @param swept How many rows the open transaction has deleted: `rows` still has them. */
  function isFull(now: number, swept: number): boolean {
    if (rows - swept < mostEntries) return false
    if (now - recountedAt >= recountMs) {
      recountedAt = now
      rows = (countRows.get() as { count: number }).count + swept
    }
    return rows - swept >= mostEntries
  }

  /** Returns the new count, if there is room, and how many rows were deleted. */
  function addWithin(digest: string, until: number, isSweepDue: boolean): { readonly count: number | undefined; readonly swept: number } {
    const now = Date.now()
    const swept = isSweepDue ? sweep.run(now).changes : 0
    const found = isFull(now, swept) ? addToKnown.get(digest, now) : add.get(digest, Math.ceil(until), now)
    return { count: (found as { count: number } | undefined)?.count, swept }
  }

  return {
    add(key, until) {
      // If a value cannot be bound, the prepared statement stays open: check it first.
      if (!Number.isSafeInteger(Math.ceil(until))) throw new RangeError('The end of what is remembered is no time.')
      const digest = digestKey(key)
      const isSweepDue = calls % callsPerSweep === 0
      const { count, swept } = inTransaction(database, () => addWithin(digest, until, isSweepDue))
      // Only now is it certain: of a transaction that fails, the file keeps nothing, and neither may these.
      calls += 1
      rows -= swept
      // Thrown outside the transaction: a rollback would restore the rows that the sweep deleted.
      if (count === undefined) throw new StoreFull('The store is full.')
      if (count === 1) rows += 1
      return count
    },
  }
}
