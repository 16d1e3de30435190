import { toBillionths } from '@postern/ports'
import type { GovernanceRecord } from '@postern/protocol'
import type { PricedCall, Usage } from '../prices/prices.js'
import type { Limit } from './find-limits.js'
import type { CallSize, Pricing } from './size-call.js'

/** Where a booked amount comes from: the gateway's report, its token counts and our prices, what was set aside, or a bound of what passed. */
export type BookedBy = 'reported' | 'priced' | 'assumed' | 'measured'

/** How a call ended that was sent. */
export interface CallEnding {
  readonly record: GovernanceRecord
  /** How many bytes of the answer's body came. */
  readonly answerBytes: number
}

/** What is booked under one limit. */
export interface Booking {
  readonly amount: number
  readonly by: BookedBy
}

/**
 * Finds what a call that ran is booked as under a limit of money or tokens. Without a report of the whole it is what was set aside, or,
 * under `unreported: measure`, no more than the bytes that passed allow: reasoning is not seen, so that may be too little. It is never less
 * than what was reported of a part.
 *
 * @param setAside What was set aside for it.
 */
export function bookCall(
  { rule }: Limit,
  setAside: number,
  ending: CallEnding,
  size: CallSize,
  call: PricedCall,
  pricing: Pricing,
): Booking {
  const { record } = ending
  const usage = usageOf(ending, size)
  const unreported = (measure: () => number | undefined): Booking => bookUnreported(setAside, measure, pricing)
  if (rule.unit === 'tokens')
    return bookReported(record, usage === undefined ? undefined : sum(usage), 'reported', () =>
      unreported(() => passedTokens(ending, size)),
    )
  const currency = rule.currency as string
  // Nothing was set aside for what has no price: it counts in tokens alone.
  if (setAside === 0 && pricing.unpriced === 'tokens' && record.cost?.unit !== currency) return { amount: 0, by: 'priced' }
  const ran = { ...call, model: record.model ?? call.model, tier: record.tier }
  const priced = usage === undefined ? undefined : pricing.prices?.costOf(ran, currency, usage)
  const measure = (): number | undefined => {
    const { input } = size
    return pricing.prices?.mostOf(ran, currency, { input, output: passedTokens(ending, size) - input, images: size.pictures, seconds: 0 })
  }
  const byPrices = (): Booking => bookReported(record, priced, 'priced', () => unreported(measure))
  return bookReported(record, record.cost?.unit === currency ? toBillionths(record.cost.amount) : undefined, 'reported', byPrices)
}

/** Whether the same is booked of two endings of a call: nothing differs that {@link bookCall} reads. */
export function isBookedAlike(one: CallEnding | undefined, { record, answerBytes }: CallEnding): boolean {
  if (one === undefined || one.answerBytes !== answerBytes) return false
  const { usage, cost, finish, model, tier } = one.record
  return usage === record.usage && cost === record.cost && finish === record.finish && model === record.model && tier === record.tier
}

/** @param otherwise What is booked where no report is of the whole. */
function bookReported(record: GovernanceRecord, amount: number | undefined, by: BookedBy, otherwise: () => Booking): Booking {
  if (amount !== undefined && isWhole(record)) return { amount, by }
  const booking = otherwise()
  return amount !== undefined && amount > booking.amount ? { amount, by } : booking
}

function bookUnreported(setAside: number, measure: () => number | undefined, { unreported: stance }: Pricing): Booking {
  const measured = stance === 'measure' ? measure() : undefined
  return measured === undefined || measured >= setAside ? { amount: setAside, by: 'assumed' } : { amount: measured, by: 'measured' }
}

/** Whether what is reported is of the whole answer: in a stream that was cut it may be of a part, since some report it as it grows. */
function isWhole({ finish, usage }: GovernanceRecord): boolean {
  return finish === 'complete' || usage?.source === 'answer'
}

/** The counts of an answer; `undefined` if the gateway reported none and no pictures were made. */
function usageOf({ record: { usage, finish } }: CallEnding, { pictures, ceiling, isUnbounded }: CallSize): Usage | undefined {
  const images = pictures > 0 && finish === 'complete' ? pictures : undefined
  if (usage === undefined && images === undefined) return undefined
  // What answers without a length have no output in tokens, and do not report that.
  const told = usage?.output ?? (ceiling === undefined && !isUnbounded && usage !== undefined ? 0 : undefined)
  // Some report what was thought in the total alone.
  const unsaid = usage?.total === undefined ? 0 : usage.total - (usage.input ?? 0)
  const output = told === undefined ? (usage?.total === undefined ? undefined : unsaid) : Math.max(told, unsaid)
  return {
    input: usage?.input ?? (usage?.total === undefined ? undefined : 0),
    output,
    cached: usage?.cached,
    reasoning: usage?.reasoning,
    images,
  }
}

function passedTokens({ answerBytes }: CallEnding, { input }: CallSize): number {
  return input + answerBytes
}

function sum(usage: Usage | undefined): number | undefined {
  if (usage?.input === undefined || usage.output === undefined) return undefined
  return Math.min(usage.input + usage.output, Number.MAX_SAFE_INTEGER)
}
