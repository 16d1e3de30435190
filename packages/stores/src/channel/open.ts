import type { Store } from '@postern/ports'
import { channelScope, createAskStore } from './ask-store.js'
import { createBudgets } from './budgets.js'
import { createCounters } from './counters.js'
import { createRevocationFeed } from './feed.js'
import { createKeyRing } from './key-ring.js'
import type { Link } from './link.js'
import { createLocks } from './locks.js'
import { createSeen } from './seen.js'

export { type GiveAnswer, type Link, openLink } from './link.js'
export { type ServedStore, serveStore } from './serve-store.js'

/** How long an answer may take, in milliseconds: with what a held-up process is given beyond it, two seconds at most. */
const usualAnswerMs = 1700

/**
 * The store of another process of this machine, which serves it with `serveStore` to every process that it has a link to. What is written is
 * as safe as in that store. The key ring is there only if that store has one; without one its methods reject.
 *
 * @param answerMs How long an answer may take, in milliseconds. Default: 1,700.
 */
export function createChannelStore(link: Link, answerMs = usualAnswerMs): Store {
  let isClosed = false
  const ask = createAskStore(link, answerMs, () => isClosed)
  return {
    scope: channelScope,
    seen: createSeen(ask),
    counters: createCounters(ask),
    budgets: createBudgets(ask),
    locks: createLocks(ask),
    revocations: createRevocationFeed(ask),
    keyRing: createKeyRing(ask),
    close: async () => {
      isClosed = true
    },
  }
}
