import { type Store, StoreFull, type Witness } from '@postern/ports'

/** How long what is known of the store counts without asking it again, in milliseconds. */
const freshMs = 1000

/** How long whoever asks waits for the store, in milliseconds: less than a probe usually waits. */
const patienceMs = 500

/** The lock that is taken to see whether the store can be written. Every process has its own. */
const probedLock = `postern:can-be-written:${process.pid}`

/** What is wrong with a part of the process. */
export interface Trouble {
  /** ISO 8601: since when it is known. */
  readonly since: string
  readonly reason: string
}

/** What is wrong with the store. */
export interface StoreTrouble extends Trouble {
  /** `true`: it can be read and not be written, as on a full disk. Then it is known whose session was ended, and calls that no limit counts are served. */
  readonly canBeRead?: true
}

/** A store whose state is known from the requests that use it. */
export interface WatchedStore {
  /** The same store; give this one to the instance. */
  readonly store: Store
  /** What is wrong with the store; asks it if nobody has within the last second, and waits half a second at most. */
  look(): Promise<StoreTrouble | undefined>
  /** Asks the store each second in which nobody else has, so that a loss is told also if nobody looks. */
  keepLooking(): void
  /** Looks no more. */
  stop(): void
}

/**
 * Requests follow revocations several times a second, so most often it is known how the store is, and nobody has to ask. That it cannot be
 * written is known from the calls that write; while it is so, a lock is taken each second, so that it is known when it can be written again.
 */
export function watchStore(watched: Store, witness: Witness): WatchedStore {
  let unread: Trouble | undefined
  let unwritten: StoreTrouble | undefined
  let lostAt = 0
  let knownAt = -Infinity
  let mark: string | undefined
  let asking: Promise<unknown> | undefined
  let looking: NodeJS.Timeout | undefined

  const trouble = (): StoreTrouble | undefined => unread ?? unwritten
  /** Tells when the first trouble begins and the last one ends. */
  const change = (apply: () => void): void => {
    const before = trouble()
    apply()
    const after = trouble()
    if (before === undefined && after !== undefined) {
      lostAt = performance.now()
      witness({ type: 'store_lost', reason: after.reason })
    }
    if (before !== undefined && after === undefined) witness({ type: 'store_back', afterMs: Math.round(performance.now() - lostAt) })
  }
  const sinceOf = (earlier: Trouble | undefined): string => earlier?.since ?? new Date().toISOString()
  const noteRead = (reason: string | undefined): void => {
    knownAt = performance.now()
    change(() => (unread = reason === undefined ? undefined : { since: sinceOf(unread), reason }))
  }
  const noteWritten = (): void => {
    if (unwritten !== undefined) change(() => (unwritten = undefined))
  }
  const noteUnwritten = (error: unknown): void => {
    // A store that is full for one caller works for the others.
    if (error instanceof StoreFull) return
    const { message } = error as Error
    change(() => (unwritten = { since: sinceOf(unwritten), reason: `It cannot be written: ${message}`, canBeRead: true }))
  }
  const noted = async <Answer>(writing: Promise<Answer>): Promise<Answer> => {
    try {
      const answer = await writing
      noteWritten()
      return answer
    } catch (error) {
      noteUnwritten(error)
      throw error
    }
  }

  const { revocations, seen, counters, budgets, locks } = watched
  const after: typeof revocations.after = async (from) => {
    try {
      const page = await revocations.after(from)
      mark = page.mark
      noteRead(undefined)
      return page
    } catch (error) {
      noteRead((error as Error).message)
      throw error
    }
  }
  const tryToWrite = async (): Promise<void> => {
    await noted(locks.take(probedLock, probedLock, Date.now() + freshMs))
    await locks.release(probedLock, probedLock)
  }
  const ask = (): Promise<unknown> =>
    (asking ??= Promise.all([after(mark), unwritten === undefined ? undefined : tryToWrite()])
      .catch(() => {})
      .finally(() => {
        asking = undefined
      }))

  const store: Store = {
    ...watched,
    seen: { scope: seen.scope, add: (...args) => noted(seen.add(...args)) },
    counters: { scope: counters.scope, add: (...args) => noted(counters.add(...args)) },
    budgets: {
      scope: budgets.scope,
      recovery: budgets.recovery,
      reserve: (...args) => noted(budgets.reserve(...args)),
      extend: (...args) => noted(budgets.extend(...args)),
      settle: (...args) => noted(budgets.settle(...args)),
      look: (...args) => budgets.look(...args),
      bookAbandoned: (...args) => budgets.bookAbandoned(...args),
      takeNotes: (...args) => budgets.takeNotes(...args),
      dropNotes: (...args) => budgets.dropNotes(...args),
    },
    locks: { scope: locks.scope, take: (...args) => noted(locks.take(...args)), release: (...args) => locks.release(...args) },
    revocations: { scope: revocations.scope, append: (...args) => noted(revocations.append(...args)), after },
  }

  async function look(): Promise<StoreTrouble | undefined> {
    if (performance.now() - knownAt < freshMs && unwritten === undefined) return trouble()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((done) => {
      timer = setTimeout(() => done('late'), patienceMs)
    })
    const first = await Promise.race([ask(), late])
    clearTimeout(timer)
    return first === 'late' ? (trouble() ?? { since: new Date().toISOString(), reason: 'It does not answer in time.' }) : trouble()
  }

  return {
    store,
    look,
    keepLooking() {
      looking ??= setInterval(() => void look(), freshMs).unref()
    },
    stop() {
      clearInterval(looking)
    },
  }
}
