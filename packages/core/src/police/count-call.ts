import type { Principal } from '../principal.js'
import { Refusal } from '../refusal.js'
import { reachStore } from '../store/reach-store.js'
import type { Store } from '../store/store.js'

/**
 * Counts a call of a session that is good for a number of them.
 *
 * @throws {Refusal} 402 `budget_exhausted` where it has made them, 503 `store_unavailable`.
 */
export type CountCall = (principal: Principal) => Promise<void>

export function createCountCall(store: Store): CountCall {
  return async ({ bounds, session, expiresAt }) => {
    const most = bounds?.maxCalls
    if (most === undefined || session?.id === undefined || expiresAt === undefined) return
    const calls = await reachStore(store.count(`calls:${session.id}`, expiresAt))
    if (calls <= most) return
    throw new Refusal('budget_exhausted', {
      message: `The session was good for ${most} calls and has made them.`,
      help: 'Ask your backend for a new one.',
    })
  }
}
