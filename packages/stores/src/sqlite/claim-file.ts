import Database from 'libsql'
import { createPrivately } from './create-privately.js'
import { fileAt } from './file-at.js'
import type { SqliteFile } from './in-transaction.js'
import { StoreInUse } from './store-in-use.js'

/** Ownership of a file by this process, until `release` or the end of the process. */
export interface Claim {
  /**
   * Takes the file again if somebody removed, moved or replaced the owner file: another process may then take it.
   *
   * @returns Whether the file had to be taken again.
   * @throws {StoreInUse} if another process has taken it meanwhile.
   */
  keep(): boolean
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
  let held = openOwnerFile(file)
  try {
    take(held, file)
  } catch (error) {
    held.lock.close()
    throw error
  }
  /** The owner file that is at the path now, while another process has it. One connection for all tries. */
  let wanted: OwnerFile | undefined
  return {
    keep() {
      const now = fileAt(held.path)
      if (now !== undefined && now === held.id) {
        wanted?.lock.close()
        wanted = undefined
        return false
      }
      if (wanted === undefined || now === undefined || wanted.id !== now) {
        wanted?.lock.close()
        wanted = openOwnerFile(file)
      }
      take(wanted, file)
      unlock(held)
      held = wanted
      wanted = undefined
      return true
    },
    release() {
      wanted?.lock.close()
      unlock(held)
    },
  }
}

/** An owner file. `id` says which one it is. */
interface OwnerFile {
  readonly path: string
  readonly id: string | undefined
  readonly lock: SqliteFile
}

function openOwnerFile(file: string): OwnerFile {
  const path = createPrivately(`${file}-owner`)
  const lock = new Database(path)
  return { path, id: fileAt(path), lock }
}

function take({ path, lock }: OwnerFile, file: string): void {
  try {
    // Nothing is ever written to the owner file: without a journal on disk, none is left behind.
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY') throw new StoreInUse(file)
    throw new Error(`${path} cannot be locked: ${(error as Error).message}.`, { cause: error })
  }
}

function unlock({ lock }: OwnerFile): void {
  // `ROLLBACK` releases the lock. `close` alone may wait for the garbage collector.
  lock.exec('ROLLBACK')
  lock.close()
}
