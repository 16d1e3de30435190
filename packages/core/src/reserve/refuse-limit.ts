import { type Counted, Refusal } from '@postern/ports'
import type { Limit } from './find-limits.js'
import { isOwn, limitHeaders } from '../answers/limit-headers.js'

/** `Retry-After` where a stream must end first, in seconds. */
const streamWaitSeconds = 1

/** The refusal of a call that a limit does not let through. */
export function refuseLimit(limits: readonly Limit[], refusedBy: number, counted: readonly Counted[], isPage: boolean): Refusal {
  const { rule, claim } = limits[refusedBy] as Limit
  const { endsInMs } = counted[refusedBy] as Counted
  const isTold = !isPage || isOwn(rule.each)
  const headers = limitHeaders(limits, counted, isPage)
  const cause = `${rule.path} (${rule.title}): ${claim.budget.limit} ${rule.unit}${rule.per === undefined ? '' : ` a ${rule.per}`}`
  const told = isTold ? ` "${rule.title}" of ${claim.budget.limit}` : ''
  if (rule.unit === 'streams') {
    const message = isTold ? `The limit${told} streams open at once is reached.` : undefined
    return new Refusal('too_many_streams', {
      ...(message === undefined ? {} : { message }),
      retryAfterSeconds: streamWaitSeconds,
      headers,
      cause,
    })
  }
  if (endsInMs === undefined) {
    const message = isTold ? `The limit${told} requests is used up.` : undefined
    return new Refusal('budget_exhausted', { ...(message === undefined ? {} : { message }), headers, cause })
  }
  const message = isTold ? `The limit${told} requests a ${rule.per} is reached.` : 'A limit of requests is reached.'
  return new Refusal('rate_limited', { message, retryAfterSeconds: Math.max(1, Math.ceil(endsInMs / 1000)), headers, cause })
}
