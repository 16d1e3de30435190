import { inTransaction } from './in-transaction.js'
import type { StoreFile } from './store-file.js'

/** Work on the file that waits for its transaction, and the two functions that settle the promise of its caller. */
interface Waiting {
  readonly run: () => void
  readonly tell: () => void
  readonly fail: (error: unknown) => void
}

/** What frames the work of each transaction, within it. */
export interface Framing {
  /** Is called before the first work, with nothing of a transaction that was rolled back left. */
  readonly begin: () => void
  /** Is called after the last work. */
  readonly end: () => void
}

/**
 * Writes what is asked for in one turn of the event loop in one transaction, in the order in which it was asked: where many calls are under
 * way, a transaction costs as much as what it writes. Nothing waits for more to come.
 *
 * @returns A function whose promise resolves once its work is in the file, and rejects with the error of the work, which then left nothing.
 *   Work may run several times before.
 */
export function createGroupedWrites({ database, work, beforeClose }: StoreFile, { begin, end }: Framing): <T>(what: () => T) => Promise<T> {
  let waiting: Waiting[] = []

  async function flush(): Promise<void> {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    try {
      await work(() => writeAll(group))
    } catch (error) {
      for (const { fail } of group) fail(error)
    }
  }

  function writeAll(group: readonly Waiting[]): void {
    let isOfWork = false
    try {
      inTransaction(database, () => {
        isOfWork = true
        begin()
        for (const { run } of group) run()
        end()
        isOfWork = false
      })
      for (const { tell } of group) tell()
    } catch (error) {
      if (!isOfWork) throw error
      // One of them failed and took the others with it: each alone, so that it fails alone.
      for (const each of group) writeOne(each)
    }
  }

  function writeOne({ run, tell, fail }: Waiting): void {
    try {
      inTransaction(database, () => {
        begin()
        run()
        end()
      })
    } catch (error) {
      fail(error)
      return
    }
    tell()
  }

  beforeClose(() => void flush())

  return (what) =>
    new Promise((resolve, reject) => {
      let result: ReturnType<typeof what>
      if (waiting.length === 0) setImmediate(() => void flush())
      waiting.push({ run: () => (result = what()), tell: () => resolve(result), fail: reject })
    })
}
