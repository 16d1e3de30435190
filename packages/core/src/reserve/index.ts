import type { Principal } from '../principal.js'
import { Refusal } from '../refusal.js'
import { reachStore } from '../store/reach-store.js'
import type { Store } from '../store/store.js'

/**
 * Sets aside what a call uses up: one call of a session that is good for a number of them. The last room before
 * `forward`, so that a call which any rule refuses uses nothing up.
 *
 * @returns Nothing, where nothing has to be set aside.
 * @throws {Refusal} 402 `budget_exhausted` where the session has made its calls, 503 `store_unavailable`.
 */
export type Reserve = (principal: Principal) => void | Promise<void>

export function createReserve(store: Store): Reserve {
  const countCall = async (id: string, maxCalls: number, expiresAt: number): Promise<void> => {
    const calls = await reachStore(store.count(`calls:${id}`, expiresAt))
    if (calls <= maxCalls) return
    throw new Refusal('budget_exhausted', {
      message:
        maxCalls === 1
          ? 'The session was good for one call and has made it.'
          : `The session was good for ${maxCalls} calls and has made them.`,
      help: 'Ask your backend for a new one.',
    })
  }
  return ({ bounds, session, expiresAt }) => {
    const maxCalls = bounds?.maxCalls
    if (maxCalls === undefined || session?.id === undefined || expiresAt === undefined) return undefined
    return countCall(session.id, maxCalls, expiresAt)
  }
}
