import { StoreFull } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import { createGroupedWrites } from './grouped-writes.js'
import type { StoreFile } from './store-file.js'

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
   * Adds one to the count of a key and returns the new count. All that is added in one turn of the event loop is added in one transaction.
   *
   * @throws {Error} by rejecting, if the key is new and the table is full.
   */
  add(key: string, until: number): Promise<number>
}

export function createCounts(file: StoreFile, mostEntries: number): Counts {
  const { database } = file
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
  /** What the open transaction has done, which is certain only at its end: rows more or fewer, and calls. */
  let [addedWithin, callsWithin] = [0, 0]

  function isFull(now: number): boolean {
    if (rows + addedWithin < mostEntries) return false
    if (now - recountedAt >= recountMs) {
      recountedAt = now
      rows = (countRows.get() as { count: number }).count - addedWithin
    }
    return rows + addedWithin >= mostEntries
  }

  /** Returns the new count, if there is room, and how many rows there are more or fewer. */
  function addWithin(digest: string, until: number): Added {
    const now = Date.now()
    const before = addedWithin
    if ((calls + callsWithin) % callsPerSweep === 0) addedWithin -= sweep.run(now).changes
    callsWithin += 1
    const found = isFull(now) ? addToKnown.get(digest, now) : add.get(digest, Math.ceil(until), now)
    const count = (found as { count: number } | undefined)?.count
    if (count === 1) addedWithin += 1
    return { count, rows: addedWithin - before }
  }

  const begin = (): void => void ([addedWithin, callsWithin] = [0, 0])
  const write = createGroupedWrites(file, { begin, end: () => {} })

  return {
    async add(key, until) {
      // If a value cannot be bound, the prepared statement stays open: check it first.
      if (!Number.isSafeInteger(Math.ceil(until))) throw new RangeError('The end of what is remembered is no time.')
      const digest = digestKey(key)
      const added = await write(() => addWithin(digest, until))
      // Only now is it certain: of a transaction that fails, the file keeps nothing, and neither may these.
      calls += 1
      rows += added.rows
      // Thrown outside the transaction: a rollback would restore the rows that the sweep deleted.
      if (added.count === undefined) throw new StoreFull('The store is full.')
      return added.count
    },
  }
}

/** What an addition came to, within its transaction. */
interface Added {
  readonly count: number | undefined
  readonly rows: number
}
