import { chooseKind, type Kind } from './kinds.js'
import { createRandom } from './random.js'
import type { Stand } from './stand.js'

/** What the load has met so far. */
export interface LoadTold {
  readonly begun: number
  readonly open: number
  /** Calls that ended, by kind. */
  readonly ended: Readonly<Record<string, number>>
  /** Calls that ended as none of their kind may. */
  readonly unexpected: number
  /** The first of them, in words. */
  readonly firstUnexpected: readonly string[]
  /** Calls that were refused because the store was locked. */
  readonly whileStoreWasAway: number
}

export interface MixedLoad {
  told(): LoadTold
  /** Begins no further call, and returns once all have ended. */
  stop(): Promise<LoadTold>
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** How many words are kept. */
const keptWords = 5

/** How many calls may be open: a Postern that answers nothing shall not fill the memory of the load. */
const mostOpen = 2000

/**
 * Calls at a steady rate, whatever becomes of the calls before. The same seed chooses the same calls in the same order.
 *
 * @param isStoreAway Whether calls may be refused with 503 now.
 */
export function startMixedLoad(stand: Stand, seed: number, perSecond: number, isStoreAway: () => boolean): MixedLoad {
  const random = createRandom(seed)
  const open = new Set<Promise<void>>()
  const ended: Record<string, number> = {}
  const firstUnexpected: string[] = []
  let [begun, unexpected, whileStoreWasAway] = [0, 0, 0]

  const from = performance.now()

  const judge = async (kind: Kind, make: Kind['make']): Promise<void> => {
    const began = performance.now()
    const { status, text, isWhole, hasLeft } = await make(stand, random)
    ended[kind.name] = (ended[kind.name] ?? 0) + 1
    const isExpected = kind.statuses.includes(status) && (isWhole || hasLeft || kind.mayBreak === true)
    if (isExpected) return
    if (isStoreAway() && status === 503) {
      whileStoreWasAway += 1
      return
    }
    unexpected += 1
    if (firstUnexpected.length < keptWords)
      firstUnexpected.push(
        `${kind.name}, begun after ${seconds(began - from)}, ended after ${seconds(performance.now() - began)} more: status ${status}${isWhole ? '' : ', not whole'}: ${text.slice(-200)}`,
      )
  }
  const begin = (): void => {
    const kind = chooseKind(random)
    begun += 1
    const done = judge(kind, kind.make).finally(() => open.delete(done))
    open.add(done)
  }
  let due = 0
  const clock = setInterval(() => {
    for (const until = ((performance.now() - from) / 1000) * perSecond; due < until; due += 1) if (open.size < mostOpen) begin()
  }, 10)
  const told = (): LoadTold => ({ begun, open: open.size, ended, unexpected, firstUnexpected, whileStoreWasAway })
  return {
    told,
    async stop() {
      clearInterval(clock)
      await Promise.all(open)
      return told()
    },
  }
}
