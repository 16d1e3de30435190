import type { Log } from '@postern/ports'
import type { Claim } from './claim-file.js'
import { fileAt } from './file-at.js'

/** How often the files are looked at, at most, in milliseconds: a revocation in another file at the path counts within a second. */
const lookMs = 250

/** Whether an open store is still the file at its path, and still this process's own. */
export interface FileCheck {
  /** @throws {Error} if it is not, as of the last look; looks again after `lookMs`. */
  pass(): void
  /** Looks at once. @throws {Error} if it is not. */
  passNow(): void
  /** Ends the looks of an owner. */
  stop(): void
}

/** Which store is checked. */
export interface CheckedFile {
  /** The path that was given, which may be a link. */
  readonly file: string
  /** Where it leads. */
  readonly real: string
  /** Absent if this process has never owned the file. */
  readonly claim: Claim | undefined
  readonly log: Log
}

/**
 * Begins to check the files of a store that is open. A process goes on writing to a file that was moved, removed or
 * replaced, and nobody else would read what it writes: then the store cannot be asked, until the file is back.
 *
 * While the store is open, its `-wal` and `-shm` files stay the same, also over a `VACUUM` or a checkpoint of any process.
 */
export function checkFiles({ file, real, claim, log }: CheckedFile): FileCheck {
  const opened = [file, `${real}-wal`, `${real}-shm`].map((path) => ({ path, id: fileAt(path) })).filter(({ id }) => id !== undefined)
  let lookedAt = performance.now()
  let fault: Error | undefined

  function look(): Error | undefined {
    const lost = opened.find(({ path, id }) => fileAt(path) !== id)
    if (lost !== undefined)
      return new Error(
        `The store's file ${lost.path} was moved, removed or replaced while this process uses it. Put it back; or start this process again with what is there: what only the other file knows is then forgotten.`,
      )
    try {
      if (claim?.keep() === true) log('warn', 'store_claimed_again', { file, reason: 'The owner file was moved, removed or replaced.' })
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  function lookNow(): void {
    const before = fault
    lookedAt = performance.now()
    fault = look()
    if (fault !== undefined && fault.message !== before?.message) log('error', 'store_lost', { file, reason: fault.message })
    if (fault === undefined && before !== undefined) log('info', 'store_found_again', { file })
  }

  // An owner looks without being asked, so that no other process can take a file that this one serves from.
  const looks = claim === undefined ? undefined : setInterval(lookNow, lookMs).unref()

  function pass(): void {
    if (performance.now() - lookedAt >= lookMs) lookNow()
    if (fault !== undefined) throw fault
  }

  return {
    pass,
    passNow() {
      lookedAt = -Infinity
      pass()
    },
    stop: () => clearInterval(looks),
  }
}

/** Where a process has no log: a warning of the process. */
export const warnOfProcess: Log = (_, message, facts) => {
  process.emitWarning(`${message}: ${JSON.stringify(facts)}`, { code: 'POSTERN_STORE' })
}
