import type { Log } from '@postern/ports'
import { type Claim, claimFile } from './claim-file.js'
import { checkFiles } from './file-check.js'
import type { SqliteFile } from './in-transaction.js'
import { openDatabase } from './open-database.js'
import { lockProcess, type ProcessLock } from './process-lock.js'
import { realFile } from './real-file.js'
import { waitWhileBusy } from './wait-while-busy.js'

/** Which file a store opens, and how. */
export interface StoreFilePlace {
  readonly file: string
  readonly owner: boolean
  /** Ownership that was taken already; it stands for `owner`, and closing the file releases it. */
  readonly claim: Claim | undefined
  readonly log: Log
}

/** The open file of a store, as its ports use it. */
export interface StoreFile {
  readonly database: SqliteFile
  /** Whether this process owns the file, and no other that served from it still lives. */
  readonly isAlone: boolean
  /**
   * Does something on the file, once no other process writes to it.
   *
   * @throws {Error} by rejecting, if the store is closed, its file is not at its path, or the file stays busy.
   */
  readonly work: <T>(onFile: () => T) => Promise<T>
  /** Calls `last` when the file is closed, before it is. */
  readonly beforeClose: (last: () => void) => void
  /** Looks at once whether the file is at its path, and this process's own. @throws {Error} if it is not. */
  readonly passNow: () => void
  /** Closes the file, and lets other processes own it. A second call does nothing. */
  close(): void
}

/**
 * Opens the file of a store, for as long as `close` is not called.
 *
 * @throws {StoreInUse} if `owner` is set and another process owns the file.
 * @throws {Error} if the file cannot be used; the message says why.
 */
export function openStoreFile({ file, owner, claim: taken, log }: StoreFilePlace): StoreFile {
  const real = realFile(file)
  const claim = taken ?? (owner ? claimFile(real) : undefined)
  const { database, lock } = openClaimed(real, claim)
  // Last, since it goes on until `close`.
  const check = checkFiles({ file, real, claim, log })
  const last: (() => void)[] = []
  let closed = false

  return {
    database,
    isAlone: lock?.wasAlone === true,
    work: (onFile) =>
      waitWhileBusy(() => {
        // A statement still works after its connection was closed, until the garbage collector finds it.
        if (closed) throw new Error('The store is closed.')
        check.pass()
        return onFile()
      }),
    beforeClose: (each) => void last.push(each),
    passNow: () => check.passNow(),
    close() {
      if (closed) return
      for (const each of last) each()
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
        lock?.release()
        claim?.release()
      }
    },
  }
}

function openClaimed(real: string, claim: Claim | undefined): { readonly database: SqliteFile; readonly lock: ProcessLock | undefined } {
  let lock: ProcessLock | undefined
  try {
    lock = claim === undefined ? undefined : lockProcess(real)
    return { database: openDatabase(real), lock }
  } catch (error) {
    lock?.release()
    claim?.release()
    throw error
  }
}
