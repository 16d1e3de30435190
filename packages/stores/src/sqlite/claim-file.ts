import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'libsql'
import { createPrivately } from './create-privately.js'
import { fileAt } from './file-at.js'
import type { SqliteFile } from './in-transaction.js'
import { realFile } from './real-file.js'
import { StoreInUse } from './store-in-use.js'

/** How often a process that waits for a claim tries to take it, in milliseconds. */
const pauseMs = 25

/** Ownership of a file by this process, until `release` or the end of the process. */
export interface Claim {
  /**
   * Takes the file again if somebody removed, moved or replaced the owner file: another process may then take it. Does nothing
   * after `release`.
   *
   * @returns Whether the file had to be taken again.
   * @throws {StoreInUse} if another process has taken it meanwhile.
   */
  keep(): boolean
  /** Lets another process take the file. May be called again. */
  release(): void
}

/**
 * Takes a store's file for this process alone. Give the path without links: each path has a lock of its own.
 *
 * Locks a second file, `<file>-owner`; the system releases the lock however the process ends. The store's file itself
 * is not locked, so the command line may write a revocation into it at any time, and a process that has let go of its claim
 * may finish.
 *
 * @throws {StoreInUse} if another process, or another store of this process, owns the file.
 */
export function claimFile(file: string): Claim {
  const claim = createClaim(file)
  try {
    claim.keep()
    return claim
  } catch (error) {
    claim.release()
    throw error
  }
}

export interface Patience {
  /** How long to wait while another process owns the file, in milliseconds. */
  readonly atMostMs: number
  /** Is told once if somebody else owns the file. */
  readonly onWait?: () => void
}

/**
 * Takes a store's file as soon as its owner has let go of it. The path may be a link.
 *
 * @throws {StoreInUse} if another process still owns the file at the end of the wait.
 */
export async function waitForClaim(file: string, { atMostMs, onWait }: Patience): Promise<Claim> {
  const claim = createClaim(realFile(file))
  const until = performance.now() + atMostMs
  let isWaiting = false
  for (;;) {
    try {
      claim.keep()
      return claim
    } catch (error) {
      if (!(error instanceof StoreInUse) || performance.now() >= until) {
        claim.release()
        throw error
      }
    }
    if (!isWaiting) onWait?.()
    isWaiting = true
    await sleep(pauseMs)
  }
}

/** A claim that is not taken yet; `keep` takes it. */
function createClaim(file: string): Claim {
  let held: OwnerFile | undefined
  /** The owner file that is at the path now, while another process has it. One connection for all tries. */
  let wanted: OwnerFile | undefined
  let isReleased = false
  return {
    keep() {
      if (isReleased) return false
      const now = fileAt(`${file}-owner`)
      if (held !== undefined && now !== undefined && now === held.id) {
        wanted?.lock.close()
        wanted = undefined
        return false
      }
      if (wanted === undefined || now === undefined || wanted.id !== now) {
        wanted?.lock.close()
        wanted = openOwnerFile(file)
      }
      take(wanted, file)
      if (held !== undefined) unlock(held)
      held = wanted
      wanted = undefined
      return true
    },
    release() {
      if (isReleased) return
      isReleased = true
      wanted?.lock.close()
      if (held !== undefined) unlock(held)
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
