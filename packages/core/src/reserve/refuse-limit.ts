import { type Counted, Refusal, type RefusalDetails, type Reserved, writeAmount } from '@postern/ports'
import type { Limit } from './find-limits.js'
import { isOwn, limitHeaders } from '../answers/limit-headers.js'
import { isMeasured, type LimitRule } from './limit-rule.js'
import { type CallSize, leastCeiling } from './size-call.js'

/** `Retry-After` where a call under way must end first, in seconds. */
const heldWaitSeconds = 1

/**
 * The refusal of a call that a limit does not let through.
 *
 * @param amounts What the call wanted to set aside for each limit.
 * @param size What it needs under limits of money or tokens.
 */
export function refuseLimit(
  limits: readonly Limit[],
  amounts: readonly number[],
  { refusedBy, counted }: Extract<Reserved, { readonly granted: false }>,
  size: CallSize | undefined,
  isPage: boolean,
): Refusal {
  const { rule, claim } = limits[refusedBy] as Limit
  const state = counted[refusedBy] as Counted
  const isTold = !isPage || isOwn(rule.each)
  const details: RefusalDetails = {
    headers: limitHeaders(limits, counted, isPage),
    cause: `${rule.path} (${rule.title}): ${amountOf(rule, claim.budget.limit)}${rule.per === undefined ? '' : ` a ${rule.per}`}`,
  }
  const name = isTold ? ` "${rule.title}" of ${amountOf(rule, claim.budget.limit)}` : ''
  const said = (message: string): RefusalDetails => (isTold ? { ...details, message } : details)
  if (rule.unit === 'streams')
    return new Refusal('too_many_streams', { ...said(`The limit${name} open at once is reached.`), retryAfterSeconds: heldWaitSeconds })
  if (isMeasured(rule.unit)) return refuseMeasured(refusedBy, size, amounts, state, claim.budget.limit, { ...details, name })
  if (state.endsInMs === undefined) return new Refusal('budget_exhausted', said(`The limit${name} is used up.`))
  const message = isTold ? `The limit${name} a ${rule.per} is reached.` : 'A limit of requests is reached.'
  return new Refusal('rate_limited', { ...details, message, retryAfterSeconds: secondsOf(state.endsInMs) })
}

/** Only what is booked is spent: what calls under way have set aside may come back when they end. */
function refuseMeasured(
  index: number,
  size: CallSize | undefined,
  amounts: readonly number[],
  { booked, held, endsInMs }: Counted,
  limit: number,
  { name, ...details }: RefusalDetails & { readonly name: string },
): Refusal {
  const needed = leastOf(index, size, amounts)
  if (held > 0 && booked + needed <= limit) return new Refusal('budget_held', { ...details, retryAfterSeconds: heldWaitSeconds })
  const isUsedUp = booked >= limit
  const message = isUsedUp ? `The limit${name} is used up.` : `What is left of the limit${name} is not enough for this request.`
  const shorter = isUsedUp ? [] : ['A shorter request, or one with a lower ceiling of tokens, may still fit.']
  const later = endsInMs === undefined ? [] : ['The count begins anew after the time in Retry-After.']
  const wait = endsInMs === undefined ? {} : { retryAfterSeconds: secondsOf(endsInMs) }
  return new Refusal('budget_exhausted', { ...details, ...wait, message, help: [...shorter, ...later, helpOfOperator].join(' ') })
}

const helpOfOperator = 'For the operator: "postern explain" lists the limits that count the caller.'

/** The least that the call could set aside for a limit: with the lowest ceiling that is asked of a gateway. */
function leastOf(index: number, size: CallSize | undefined, amounts: readonly number[]): number {
  if (size?.ceiling === undefined) return amounts[index] as number
  return size.amounts(Math.min(size.ceiling, leastCeiling))[index] as number
}

/** A limit in words: `60 requests`, `20 USD`. */
export function amountOf({ unit, currency }: Pick<LimitRule, 'unit' | 'currency'>, amount: number): string {
  return currency === undefined ? `${amount} ${unit}` : `${writeAmount(amount)} ${currency}`
}

function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}
