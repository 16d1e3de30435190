import type { EstimatedUse } from '@postern/ports'
import type { Booking } from './book.js'
import { estimateUse } from './estimate-use.js'
import type { Limit } from './find-limits.js'
import { isMeasured } from './limit-rule.js'
import type { SizedCall } from './reservation.js'

/** What is booked of a call whose process died. */
export interface AssumedUse {
  readonly by: 'assumed'
  readonly estimated: EstimatedUse | undefined
}

/** All that was set aside, as it stands in the ledger. @returns `undefined` if no limit is of money or tokens. */
export function assumeUse(limits: readonly Limit[], sized: SizedCall | undefined): AssumedUse | undefined {
  if (sized === undefined) return undefined
  const { size, amounts, clamped } = sized
  const bookings = limits.map(({ rule }, index): Booking | undefined =>
    isMeasured(rule.unit) ? { amount: amounts[index] as number, by: 'assumed' } : undefined,
  )
  const record = { request_id: '', attempt: 1, finish: 'interrupted' } as const
  return { by: 'assumed', estimated: estimateUse(limits, bookings, record, { size, ceiling: clamped?.ceiling ?? size.ceiling, passed: 0 }) }
}
