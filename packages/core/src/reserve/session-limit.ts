import { type Principal, readAmount, Refusal } from '@postern/ports'
import type { Limit } from './find-limits.js'

/** How long what a session has spent is kept after its last call, in milliseconds. No session lives longer. */
const keptMs = 30 * 86_400_000

/** The limits that credentials bring, by their bounds: a credential that is verified once keeps them. */
const known = new WeakMap<NonNullable<Principal['bounds']>, Limit>()

/**
 * The limit of money that a session brings (`max_spend`); `undefined` if it has none.
 *
 * @throws {Refusal} 401 `caller_invalid` if the amount or its unit is none.
 */
export function limitOfSession({ bounds, session }: Principal): Limit | undefined {
  if (bounds?.maxSpend === undefined || session?.id === undefined) return undefined
  const limit = known.get(bounds) ?? createLimit(bounds.maxSpend, session.id)
  known.set(bounds, limit)
  return limit
}

function createLimit(maxSpend: string, id: string): Limit {
  const read = readAmount(maxSpend)
  if (read === undefined || read.amount === 0)
    throw new Refusal('caller_invalid', {
      message: 'The claim "max_spend" of the session token is no amount with its unit, such as "2 USD".',
    })
  const { amount: limit, unit: currency } = read
  const shared = { path: 'max_spend of the session', countedUnder: 'max_spend', title: 'session', onUnavailable: 'refuse' } as const
  return {
    rule: { ...shared, each: 'session', unit: 'spend', currency, limit },
    claim: { budget: { id: `max_spend\n${currency}\n${id}`, limit, forgottenAfterMs: keptMs }, amount: 0 },
  }
}
