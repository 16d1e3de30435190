import type { Log, Revocation, Store } from '@postern/ports'
import { type Claim, claimFile } from './claim-file.js'
import { checkFiles, warnOfProcess } from './file-check.js'
import { inTransaction } from './in-transaction.js'
import { openSqliteFile } from './open-sqlite-file.js'
import { createCounts } from './sqlite-counts.js'
import { realFile } from './real-file.js'
import { waitWhileBusy } from './wait-while-busy.js'

/** Expired revocations are deleted at most this often, in milliseconds, and at most so many at a time. */
const sweepMs = 1000
const revocationsPerSweep = 500

/** Where a store is, and whether this process owns it. */
export interface SqliteStoreOptions {
  /** The absolute path of the file. Its folder must exist; a missing file is created, readable to its owner only. */
  readonly file: string
  /**
   * Whether this process serves callers from the file, which only one process at a time may do. Default `false`: it
   * only adds revocations, while another process serves.
   */
  readonly owner?: boolean
  /**
   * Ownership that this process has taken already, with `waitForClaim`; it stands for `owner`. Once it is released, this store
   * only finishes beside the next owner: each method is one transaction, so all of them stay safe. `close` releases it.
   */
  readonly claim?: Claim | undefined
  /**
   * How many keys are remembered and counted at most; beyond that, a call with a new key rejects. Default 1,000,000,
   * some 200 MB.
   */
  readonly mostEntries?: number
  /** Is told, once each, that the file is lost, or found again. Default: warnings of the process. */
  readonly log?: Log
}

/**
 * A store in one SQLite file, for one process. It survives the end of the process, also a `kill -9`. A revocation is
 * on the disk once `revoke` resolves; the last counts and remembered keys may be lost in a power failure. While
 * another process writes to the file, calls wait up to a second and a half and then reject; the event loop is not
 * blocked meanwhile. While another file is at its path, or none, they reject as well, within a quarter of a second, and
 * `revoke` at once; so they do while another process owns the file because the owner file was removed.
 *
 * Keys are kept as digests. The names in revocations are kept as they are, until a moment after `until`.
 *
 * @throws {StoreInUse} if `owner` is set and another process owns the file.
 * @throws {Error} if the file cannot be used; the message says why.
 */
export function createSqliteStore({
  file,
  owner = false,
  claim: taken,
  mostEntries = 1_000_000,
  log = warnOfProcess,
}: SqliteStoreOptions): Store {
  const real = realFile(file)
  const claim = taken ?? (owner ? claimFile(real) : undefined)
  try {
    return openStore({ file, real, claim, mostEntries, log })
  } catch (error) {
    claim?.release()
    throw error
  }
}

interface OpenOptions {
  readonly file: string
  readonly real: string
  readonly claim: Claim | undefined
  readonly mostEntries: number
  readonly log: Log
}

function openStore({ mostEntries, ...place }: OpenOptions): Store {
  const database = openSqliteFile(place.real)
  const counts = createCounts(database, mostEntries)
  const insert = database.prepare('INSERT INTO revocations (kind, name, at, until) VALUES (?, ?, ?, ?)')
  const select = database.prepare('SELECT seq, kind, name, at, until FROM revocations WHERE seq > ? AND until > ? ORDER BY seq')
  const sweep = database.prepare(
    `DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE until <= ? ORDER BY until LIMIT ${revocationsPerSweep})`,
  )
  // Last, since it goes on until `close`.
  const check = checkFiles(place)
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
      // A statement still works after its connection was closed, until the garbage collector finds it.
      if (closed) throw new Error('The store is closed.')
      check.pass()
      return onFile()
    })
  }

  return {
    scope: 'process',
    remember: (key, until) => work(() => counts.add(`remembered:${key}`, until) === 1),
    count: (key, until) => work(() => counts.add(`counted:${key}`, until)),
    revoke: ({ kind, name, at, until }) =>
      work(() => {
        // SQLite cuts text at NUL: the revocation would hit another name.
        if (name.includes('\0')) throw new RangeError('A name holds no NUL.')
        check.passNow()
        // With FULL the commit waits for the disk; NORMAL leaves that to the next checkpoint.
        database.exec('PRAGMA synchronous = FULL')
        try {
          inTransaction(database, () => insert.run(kind, name, at, until))
        } finally {
          database.exec('PRAGMA synchronous = NORMAL')
        }
        // Only what is at the path now is what other processes read, and this one after a restart.
        try {
          check.passNow()
        } catch (error) {
          throw new Error(`The revocation was written, but perhaps into a file that nobody reads. ${(error as Error).message}`, {
            cause: error,
          })
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
      check.stop()
      try {
        // If another file is at the path, the files beside it may be another process's.
        check.passNow()
        // Move everything into the one file, so that a copy of it is a copy of the store.
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // Or another process uses the file. The rest stays in the `-wal` file beside it and is read from there.
      } finally {
        database.close()
        place.claim?.release()
      }
    },
  }
}
