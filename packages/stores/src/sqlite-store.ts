import type { Revocation, Store } from '@postern/core'
import { claimFile } from './claim-file.js'
import { inTransaction } from './in-transaction.js'
import { openSqliteFile } from './open-sqlite-file.js'
import { createCounts } from './sqlite-counts.js'
import { waitWhileBusy } from './wait-while-busy.js'

/** How often revocations that are over are thrown out at most, in milliseconds, and how many at a time. */
const sweepMs = 1000
const revocationsPerSweep = 500

/** Where a store is and who uses it. */
export interface SqliteStoreOptions {
  /** The file's absolute path. Its folder must exist; the file is made where there is none, readable to its owner only. */
  readonly file: string
  /**
   * Whether this process serves callers from the file, which only one may do at a time. Default `false`: it
   * only writes a revocation into it, beside the one that serves.
   */
  readonly owner?: boolean
  /** How many keys are remembered and counted at most; beyond, calls with a new one reject. Default 1,000,000, some 200 MB. */
  readonly mostEntries?: number
}

/**
 * A store in one SQLite file, for one process: what it remembers outlives that process, also a `kill -9`. A
 * revocation is on the disk once `revoke` resolves; counts and remembered keys of the last moments may be lost
 * with the machine's power, though not with the process. Where another process writes to the file, calls wait
 * for it up to a second and a half and then reject; what else this process does goes on meanwhile.
 *
 * Keys are kept as digests. The names in revocations are kept as they are, until a moment after `until`.
 *
 * @throws {StoreInUse} where `owner` is set and another process owns the file.
 * @throws {Error} where the file cannot be used; the message says why.
 */
export function createSqliteStore({ file, owner = false, mostEntries = 1_000_000 }: SqliteStoreOptions): Store {
  const claim = owner ? claimFile(file) : undefined
  try {
    return openStore(file, mostEntries, () => claim?.release())
  } catch (error) {
    claim?.release()
    throw error
  }
}

function openStore(file: string, mostEntries: number, afterClose: () => void): Store {
  const database = openSqliteFile(file)
  const counts = createCounts(database, mostEntries)
  const insert = database.prepare('INSERT INTO revocations (kind, name, at, until) VALUES (?, ?, ?, ?)')
  const select = database.prepare('SELECT seq, kind, name, at, until FROM revocations WHERE seq > ? AND until > ? ORDER BY seq')
  const sweep = database.prepare(
    `DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE until <= ? ORDER BY until LIMIT ${revocationsPerSweep})`,
  )
  let sweptAt = -Infinity
  let closed = false

  function sweepRevocations(): void {
    const now = Date.now()
    if (now - sweptAt < sweepMs) return
    sweptAt = now
    inTransaction(database, () => sweep.run(now))
  }

  function work<T>(onFile: () => T): Promise<T> {
    return waitWhileBusy(() => {
      // A statement works on after its connection was closed, until the garbage collector finds it.
      if (closed) throw new Error('The store is closed.')
      return onFile()
    })
  }

  return {
    scope: 'process',
    remember: (key, until) => work(() => counts.add(`remembered:${key}`, until) === 1),
    count: (key, until) => work(() => counts.add(`counted:${key}`, until)),
    revoke: ({ kind, name, at, until }) =>
      work(() => {
        // It would be kept without what follows, and end somebody else.
        if (name.includes('\0')) throw new RangeError('A name holds no NUL.')
        // FULL has the commit wait for the disk, which NORMAL leaves to the next checkpoint.
        database.exec('PRAGMA synchronous = FULL')
        try {
          inTransaction(database, () => insert.run(kind, name, at, until))
        } finally {
          database.exec('PRAGMA synchronous = NORMAL')
        }
      }),
    revocations: (after = '0') =>
      work(() => {
        sweepRevocations()
        const rows = select.all(Number(after), Date.now()) as (Revocation & { seq: number })[]
        return {
          revocations: rows.map(({ kind, name, at, until }) => ({ kind, name, at, until })),
          mark: String(rows.at(-1)?.seq ?? after),
        }
      }),
    async close() {
      if (closed) return
      closed = true
      try {
        // All goes into the one file, so that a copy of it is a copy of the store.
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // Another process is at it. What is not in the file yet is in the one beside it, and is read from there.
      } finally {
        database.close()
        afterClose()
      }
    },
  }
}
