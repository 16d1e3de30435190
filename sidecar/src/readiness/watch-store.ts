import type { Store, Witness } from '@postern/ports'

/** How long what is known of the store counts without asking it again, in milliseconds. */
const freshMs = 1000

/** How long whoever asks waits for the store, in milliseconds: less than a probe usually waits. */
const patienceMs = 500

/** What is wrong with a part of the process. */
export interface Trouble {
  /** ISO 8601: since when it is known. */
  readonly since: string
  readonly reason: string
}

/** A store whose state is known from the requests that use it. */
export interface WatchedStore {
  /** The same store; give this one to the instance. */
  readonly store: Store
  /** What is wrong with the store; asks it if nobody has within the last second, and waits half a second at most. */
  look(): Promise<Trouble | undefined>
}

/** Requests follow revocations several times a second, so most often it is known how the store is, and nobody has to ask. */
export function watchStore(watched: Store, witness: Witness): WatchedStore {
  let trouble: Trouble | undefined
  let lostAt = 0
  let knownAt = -Infinity
  let mark: string | undefined
  let asking: Promise<unknown> | undefined

  const note = (reason: string | undefined): void => {
    knownAt = performance.now()
    if (reason === undefined) {
      if (trouble !== undefined) witness({ type: 'store_back', afterMs: Math.round(knownAt - lostAt) })
      trouble = undefined
      return
    }
    if (trouble === undefined) {
      lostAt = knownAt
      witness({ type: 'store_lost', reason })
    }
    trouble = { since: trouble?.since ?? new Date().toISOString(), reason }
  }
  const { revocations } = watched
  const after: typeof revocations.after = async (from) => {
    try {
      const page = await revocations.after(from)
      mark = page.mark
      note(undefined)
      return page
    } catch (error) {
      note((error as Error).message)
      throw error
    }
  }
  const ask = (): Promise<unknown> =>
    (asking ??= after(mark)
      .catch(() => {})
      .finally(() => {
        asking = undefined
      }))

  return {
    store: { ...watched, revocations: { scope: revocations.scope, append: (item, owner) => revocations.append(item, owner), after } },
    async look() {
      if (performance.now() - knownAt < freshMs) return trouble
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'late'>((done) => {
        timer = setTimeout(() => done('late'), patienceMs)
      })
      const first = await Promise.race([ask(), late])
      clearTimeout(timer)
      return first === 'late' ? (trouble ?? { since: new Date().toISOString(), reason: 'It does not answer in time.' }) : trouble
    },
  }
}
