import Database from 'libsql'
import { createPrivately } from './create-privately.js'
import { StoreInUse } from './store-in-use.js'

/** Ownership of a file by this process, until `release` or the end of the process. */
export interface Claim {
  release(): void
}

/**
 * Takes a store's file for this process alone. Give the path without links: each path has a lock of its own.
 *
 * Locks a second file, `<file>-owner`; the system releases the lock however the process ends. The store's file itself
 * is not locked, so the command line may write a revocation into it at any time.
 *
 * @throws {StoreInUse} if another process, or another store of this process, owns the file.
 */
export function claimFile(file: string): Claim {
  const lockFile = createPrivately(`${file}-owner`)
  const lock = new Database(lockFile)
  try {
    // Nothing is ever written to the owner file: without a journal on disk, none is left behind.
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new StoreInUse(file)
    throw new Error(`${lockFile} cannot be locked: ${(error as Error).message}.`, { cause: error })
  }
  return {
    release() {
      // `ROLLBACK` releases the lock. `close` alone may wait for the garbage collector.
      lock.exec('ROLLBACK')
      lock.close()
    },
  }
}
