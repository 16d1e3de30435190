import Database from 'libsql'
import { createPrivately } from './create-privately.js'
import { StoreInUse } from './store-in-use.js'

/** That a file is this process's, until it is given back or the process ends. */
export interface Claim {
  release(): void
}

/**
 * Takes a store's file for this process alone.
 *
 * It is a lock on a file beside it, `<file>-owner`, which the system lets go of however the process ends. The
 * lock is not on the store itself, so the command line may write a revocation into it at any time.
 *
 * @throws {StoreInUse} where another process, or another store of this one, has it.
 */
export function claimFile(file: string): Claim {
  const lockFile = `${file}-owner`
  createPrivately(lockFile)
  const lock = new Database(lockFile)
  try {
    // Nothing is ever written there, so it needs no journal that would be left behind.
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new StoreInUse(file)
    throw new Error(`${lockFile} cannot be locked: ${(error as Error).message}.`, { cause: error })
  }
  return {
    release() {
      // The lock ends with the transaction; that the connection is closed may wait for the garbage collector.
      lock.exec('ROLLBACK')
      lock.close()
    },
  }
}
