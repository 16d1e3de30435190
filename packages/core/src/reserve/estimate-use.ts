import { billionthsOfOne, type EstimatedUse } from '@postern/ports'
import type { GovernanceRecord } from '@postern/protocol'
import type { Booking } from './book.js'
import type { Limit } from './find-limits.js'
import type { CallSize } from './size-call.js'

/**
 * Says what a call that ran used as its limits booked it, as far as that is not what the gateway reported.
 *
 * @param bookings What was booked under each limit; `undefined` where a limit is neither of money nor of tokens.
 * @returns `undefined` if the gateway reported all of it.
 */
export function estimateUse(
  limits: readonly Limit[],
  bookings: readonly (Booking | undefined)[],
  { usage, cost, finish }: GovernanceRecord,
  { size, ceiling, passed }: { readonly size: CallSize; readonly ceiling: number | undefined; readonly passed: number },
): EstimatedUse | undefined {
  const isWhole = finish === 'complete' || usage?.source === 'answer'
  const ofMoney = limits.findIndex(({ rule }, index) => rule.currency !== undefined && bookings[index] !== undefined)
  const booking = bookings[ofMoney]
  const estimated: EstimatedUse = {
    ...(isWhole && usage !== undefined
      ? {}
      : tokensOf(size, ceiling, bookings.some((each) => each?.by === 'measured') ? passed : undefined)),
    ...(booking === undefined || booking.by === 'reported' || (isWhole && cost !== undefined)
      ? {}
      : { cost: { amount: booking.amount / billionthsOfOne, unit: (limits[ofMoney] as Limit).rule.currency as string } }),
  }
  return Object.keys(estimated).length === 0 ? undefined : estimated
}

/** @param passed The bytes of the answer where they bound its tokens; `undefined`: its ceiling does. */
function tokensOf(size: CallSize, ceiling: number | undefined, passed: number | undefined): EstimatedUse {
  const { input, isUnbounded } = size
  if (isUnbounded) return {}
  const most = size.output(ceiling)
  return { input, output: passed === undefined ? most : Math.min(most, passed) }
}
