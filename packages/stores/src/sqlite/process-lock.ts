import Database from 'libsql'
import { createPrivately } from './create-privately.js'

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
 */
export function lockProcess(file: string): ProcessLock {
  const lock = new Database(createPrivately(`${file}-alive`))
  // Nothing is ever written to the file: without a journal on disk, none is left behind.
  lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA busy_timeout = 0')
  let wasAlone = true
  try {
    lock.exec('BEGIN EXCLUSIVE; ROLLBACK')
  } catch {
    wasAlone = false
  }
  // A read in an open transaction holds SQLite's shared lock.
  lock.exec('BEGIN')
  lock.prepare('SELECT count(*) FROM sqlite_schema').get()
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
