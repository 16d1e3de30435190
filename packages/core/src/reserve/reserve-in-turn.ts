import { type Budgets, type Claim, entryOwnerOf, ownerOf, type Reserved } from '@postern/ports'
import { isOfStreams, type Limit } from './find-limits.js'
import { leaseMs } from './lease.js'
import type { Reservations } from './reservations.js'
import type { ReservingCall } from './reserving-call.js'
import { maxStreamWaitMs } from './stream-queues.js'

/** What the store answered, and the name of the reservation. */
export type ReservedAs = Reserved & { readonly id: string }

/**
 * Asks the store to set amounts aside. If a limit of streams refuses, or other calls wait under one, the call waits in its turn and asks
 * again, for up to two seconds.
 *
 * @param tries Tells the reservations of one call apart.
 * @param note Is kept with the reservation.
 * @throws {ClientGone} if the client leaves meanwhile; also the error of the store.
 */
export function reserveInTurn(
  budgets: Budgets,
  reservations: Reservations,
  call: ReservingCall,
  limits: readonly Limit[],
  amounts: readonly number[],
  tries: number,
  note: string | undefined,
): Promise<ReservedAs> {
  const { principal, tags } = call
  const claims = limits.map(({ claim: { budget } }, index) => ({ budget, amount: amounts[index] as number }))
  let asked = 0
  const ask = async (): Promise<ReservedAs> => {
    asked += 1
    // The request id holds a ULID, so no other call has it.
    const id = tries === 1 && asked === 1 ? tags.requestId : `${tags.requestId}/${tries}.${asked}`
    const reserved = await reservations.reserve(id, claims, leaseMs, entryOwnerOf(principal), note)
    return { id, ...reserved }
  }
  return limits.some(isOfStreams) ? waitInTurn(budgets, reservations, call, limits, claims, ask) : ask()
}

/** As {@link reserveInTurn}, under a limit of streams. @param ask Asks the store once. */
async function waitInTurn(
  budgets: Budgets,
  reservations: Reservations,
  { arrival, principal, tags }: ReservingCall,
  limits: readonly Limit[],
  claims: readonly Claim[],
  ask: () => Promise<ReservedAs>,
): Promise<ReservedAs> {
  const { queues } = reservations
  let refusedBy = limits.findIndex((limit) => isOfStreams(limit) && queues.isWaitedFor(limit.claim.budget))
  let reserved = refusedBy === -1 ? await ask() : undefined
  const until = performance.now() + maxStreamWaitMs
  for (;;) {
    if (reserved !== undefined) {
      if (reserved.granted || limits[reserved.refusedBy]?.rule.unit !== 'streams') return reserved
      refusedBy = reserved.refusedBy
    }
    const { budget } = (limits[refusedBy] as Limit).claim
    let refused = reserved
    const found: ReservedAs | undefined = await queues.wait(
      { budget, caller: ownerOf(principal), arrival, until },
      async () => {
        const answer = await ask()
        if (answer.granted || answer.refusedBy !== refusedBy) return answer
        refused = answer
        return undefined
      },
      ({ id, granted }) => {
        if (granted)
          reservations.end(
            { id, place: -1, atMs: Date.now() },
            limits,
            limits.map(() => 0),
          )
      },
    )
    if (found === undefined)
      return refused ?? { id: tags.requestId, granted: false, refusedBy, counted: await budgets.look(claims.map((claim) => claim.budget)) }
    reserved = found
  }
}
