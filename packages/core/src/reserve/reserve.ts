import { type Counters, type Principal, reachStore, Refusal } from '@postern/ports'

/**
 * Makes the reservation of a call: counts it against the session's `maxCalls`. This is the last room before `forward`, so a
 * call that any rule refuses is not counted.
 *
 * @returns `undefined` at once if the credential has no `maxCalls`.
 * @throws {Refusal} 402 `budget_exhausted` if the session has made all its calls, 503 `store_unavailable`.
 */
export type Reserve = (principal: Principal) => void | Promise<void>

export function createReserve(counters: Counters): Reserve {
  const countCall = async (id: string, maxCalls: number, expiresAt: number): Promise<void> => {
    const calls = await reachStore(counters.add(`calls:${id}`, expiresAt))
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
