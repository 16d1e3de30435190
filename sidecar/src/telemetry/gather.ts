import type { Exposition, Expose } from './exposition.js'
import { type Families, openFamilies } from './families.js'
import type { Family } from './family.js'
import { addSnapshot, type Snapshot, takeSnapshot } from './snapshot.js'

/** What other processes have counted, which are told as one with this one. */
export interface OtherCounts {
  /** What each of those that live has counted. */
  readonly living: readonly Snapshot[]
  /** What those that ended had counted. */
  readonly ended: Snapshot
}

/** Families that are filled anew at each question, with what several processes have counted. */
export interface Gathered {
  readonly families: Families
  /** Has an exposition of these families write what all processes have counted by now. */
  fresh(write: Expose): Expose
}

/**
 * Gathers what this process and others have counted.
 *
 * @param own What this process counts.
 * @param others Asks the others.
 */
export function gatherFamilies(own: Families, others: () => Promise<OtherCounts>): Gathered {
  const families = openFamilies()
  let last: Promise<unknown> = Promise.resolve()

  async function writeAnew(write: Expose): Promise<Exposition> {
    const { living, ended } = await others()
    for (const family of Object.values(families)) (family as Family).clear()
    addSnapshot(families, ended, false)
    for (const snapshot of [takeSnapshot(own), ...living]) addSnapshot(families, snapshot, true)
    return write()
  }

  return {
    families,
    fresh: (write) => () => {
      // One after the other: what is filled anew must not be written meanwhile.
      const written = last.then(() => writeAnew(write))
      last = written.catch(() => {})
      return written
    },
  }
}
