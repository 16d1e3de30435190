import { type Locks, StoreFull } from '@postern/ports'
import { digestKey } from '../digest-key.js'
import { inTransaction } from './in-transaction.js'
import type { StoreFile } from './store-file.js'

/** How many locks that are over are deleted whenever one is taken: twice as many as are added. */
const rowsPerSweep = 2

/** How often the locks are counted while there seems to be no room, in milliseconds. */
const recountMs = 1000

/** @param mostLocks How many locks are kept at most; beyond that, a call with a new key rejects. */
export function createLocks({ database, work }: StoreFile, mostLocks: number): Locks {
  const take = database.prepare(`
    INSERT INTO locks (key, holder, until) VALUES (?1, ?2, ?3)
    ON CONFLICT (key) DO UPDATE SET
      holder = iif(until > ?4, holder, excluded.holder), until = iif(until > ?4 AND holder <> excluded.holder, until, excluded.until)
    RETURNING holder`)
  const known = database.prepare('SELECT 1 FROM locks WHERE key = ?')
  const free = database.prepare('DELETE FROM locks WHERE key = ? AND holder = ?')
  const sweep = database.prepare(
    `DELETE FROM locks WHERE key IN (SELECT key FROM locks WHERE until <= ? ORDER BY until LIMIT ${rowsPerSweep})`,
  )
  const count = database.prepare('SELECT count(*) AS count FROM locks')
  let rows = 0
  let countedAt = -Infinity

  function hasRoom(now: number): boolean {
    rows += 1
    if (rows <= mostLocks && countedAt !== -Infinity) return true
    if (now - countedAt < recountMs) return false
    countedAt = now
    rows = (count.get() as { count: number }).count + 1
    return rows <= mostLocks
  }

  return {
    scope: 'machine',
    async take(key, holder, untilMs) {
      const until = Math.ceil(untilMs)
      // If a value cannot be bound, the prepared statement stays open: check it first.
      if (!Number.isSafeInteger(until)) throw new RangeError('The end of a lock is no time.')
      const digest = digestKey(key)
      return work(() => {
        const now = Date.now()
        const found = inTransaction(database, () => {
          sweep.run(now)
          return hasRoom(now) || known.get(digest) !== undefined ? take.get(digest, holder, until, now) : undefined
        })
        if (found === undefined) throw new StoreFull('The store is full.')
        return (found as { holder: string }).holder
      })
    },
    async release(key, holder) {
      await work(() => inTransaction(database, () => free.run(digestKey(key), holder)))
    },
  }
}
