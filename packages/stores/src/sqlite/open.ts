import type { Log, Store } from '@postern/ports'
import { createBudgets } from './budgets.js'
import type { Claim } from './claim-file.js'
import { createCounters } from './counters.js'
import { createCounts } from './counts.js'
import { createKeyRing } from './key-ring.js'
import { createRevocationFeed } from './feed.js'
import { createLocks } from './locks.js'
import { warnOfProcess } from './file-check.js'
import { createSeen } from './seen.js'
import { openStoreFile } from './store-file.js'

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
   * How many keys are remembered and counted at most, and how many locks are kept; beyond that, a call with a new key rejects. Default 1,000,000,
   * some 200 MB.
   */
  readonly mostEntries?: number
  /** Is told, once each, that the file is lost, or found again. Default: warnings of the process. */
  readonly log?: Log
}

/**
 * A store in one SQLite file, for one process. It survives the end of the process, also a `kill -9`. A revocation is
 * on the disk once `revocations.append` resolves; the last counts and remembered keys may be lost in a power failure. While
 * another process writes to the file, calls wait up to a second and a half and then reject; the event loop is not
 * blocked meanwhile. While another file is at its path, or none, they reject as well, within a quarter of a second, and
 * `revocations.append` at once; so they do while another process owns the file because the owner file was removed.
 *
 * Keys are kept as digests. The names in revocations are kept as they are, until a moment after `until`; those in notes of calls until the
 * ledger has the call, and for a day at most.
 *
 * If no other process lives that served from the file, what earlier ones had set aside with a note is booked when it is opened.
 *
 * @throws {StoreInUse} if `owner` is set and another process owns the file.
 * @throws {Error} if the file cannot be used; the message says why.
 */
export function createSqliteStore({ file, owner = false, claim, mostEntries = 1_000_000, log = warnOfProcess }: SqliteStoreOptions): Store {
  const opened = openStoreFile({ file, owner, claim, log })
  try {
    const counts = createCounts(opened, mostEntries)
    return {
      scope: 'machine',
      seen: createSeen(counts),
      counters: createCounters(counts),
      budgets: createBudgets(opened),
      locks: createLocks(opened, mostEntries),
      revocations: createRevocationFeed(opened),
      keyRing: createKeyRing(opened),
      async close() {
        opened.close()
      },
    }
  } catch (error) {
    opened.close()
    throw error
  }
}
