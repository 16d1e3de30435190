import Database from 'libsql'
import { createPrivately } from './create-privately.js'
import type { SqliteFile } from './in-transaction.js'

/** A sign that this process serves callers from a store's file, or finishes calls beside the next owner. Ends with the process. */
export interface ProcessLock {
  /** Whether no other process had the lock: then whatever an earlier one held in the file is held by nobody. */
  readonly wasAlone: boolean
  release(): void
}

/**
 * Takes a lock that many processes have at once, on a second file, `<file>-alive`. The system releases it however the process ends. So
 * unlike the claim on the file, which a process lets go of when it drains, it says whether a process still lives.
 *
 * Call it only as the owner of the file: two that begin at once would each find the other.
 *
 * @throws {Error} if the second file cannot be made or locked; the message names it and says what to do.
 */
export function lockProcess(file: string): ProcessLock {
  const path = `${file}-alive`
  let lock: SqliteFile
  let wasAlone = true
  try {
    lock = new Database(createPrivately(path))
    // Nothing is ever written to the file: without a journal on disk, none is left behind.
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0')
    try {
      lock.exec('BEGIN EXCLUSIVE; ROLLBACK')
    } catch {
      wasAlone = false
    }
    // A read in an open transaction holds SQLite's shared lock.
    lock.exec('BEGIN')
    lock.prepare('SELECT count(*) FROM sqlite_schema').get()
  } catch (error) {
    throw new Error(
      `${path}, which shows that a process serves from the store, cannot be used: ${(error as Error).message}. It is empty and holds nothing: give its folder and the file to the user that Postern runs as, or remove the file while no Postern runs.`,
      { cause: error },
    )
  }
  let isReleased = false
  return {
    wasAlone,
    release() {
      if (isReleased) return
      isReleased = true
      lock.exec('ROLLBACK')
      lock.close()
    },
  }
}
