import type { Feed, Revocation } from '@postern/ports'
import { inTransaction } from './in-transaction.js'
import type { StoreFile } from './store-file.js'

/** Expired revocations are deleted at most this often, in milliseconds, and at most so many at a time. */
const sweepMs = 1000
const revocationsPerSweep = 500

/** The revocations in a table. A mark is the number of a row. */
export function createRevocationFeed({ database, work, passNow }: StoreFile): Feed<Revocation> {
  const insert = database.prepare('INSERT INTO revocations (kind, name, at, until) VALUES (?, ?, ?, ?)')
  const select = database.prepare('SELECT seq, kind, name, at, until FROM revocations WHERE seq > ? AND until > ? ORDER BY seq')
  const sweep = database.prepare(
    `DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE until <= ? ORDER BY until LIMIT ${revocationsPerSweep})`,
  )
  let sweptAt = -Infinity

  function sweepRevocations(): void {
    const now = Date.now()
    if (now - sweptAt < sweepMs) return
    sweptAt = now
    inTransaction(database, () => sweep.run(now))
  }

  return {
    scope: 'machine',
    append: ({ kind, name, at, until }) =>
      work(() => {
        // SQLite cuts text at NUL: the revocation would hit another name.
        if (name.includes('\0')) throw new RangeError('A name holds no NUL.')
        passNow()
        // With FULL the commit waits for the disk; NORMAL leaves that to the next checkpoint.
        database.exec('PRAGMA synchronous = FULL')
        try {
          inTransaction(database, () => insert.run(kind, name, at, until))
        } finally {
          database.exec('PRAGMA synchronous = NORMAL')
        }
        // Only what is at the path now is what other processes read, and this one after a restart.
        try {
          passNow()
        } catch (error) {
          throw new Error(`The revocation was written, but perhaps into a file that nobody reads. ${(error as Error).message}`, {
            cause: error,
          })
        }
      }),
    after: (mark = '0') =>
      work(() => {
        sweepRevocations()
        const rows = select.all(Number(mark), Date.now()) as (Revocation & { seq: number })[]
        return {
          items: rows.map(({ kind, name, at, until }) => ({ kind, name, at, until })),
          mark: String(rows.at(-1)?.seq ?? mark),
        }
      }),
  }
}
