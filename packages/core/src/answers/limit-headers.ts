import type { Counted } from '@postern/ports'
import type { Limit } from '../reserve/find-limits.js'
import type { LimitRule } from '../reserve/limit-rule.js'

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, 3 and 4), which a page may read. */
export const limitHeaderNames = ['RateLimit-Policy', 'RateLimit'] as const

/** `qu` of a policy; `requests` is the default. */
const quotaUnits = { requests: '', streams: ';qu="concurrent-requests"', tokens: ';qu="tokens"' } as const

const seconds = { second: 1, minute: 60, hour: 3600, day: 86_400, month: undefined } as const

/**
 * Tells a client its limits and what is left of them, name and value in turn; empty if there is nothing to tell.
 *
 * @param isPage A page is told only what is counted for its own user or session: the rest is the operator's arrangement.
 */
export function limitHeaders(limits: readonly Limit[], counted: readonly Counted[], isPage: boolean): readonly string[] {
  const policies: string[] = []
  const left: string[] = []
  for (let index = 0; index < limits.length; index += 1) {
    const { rule, claim } = limits[index] as Limit
    const state = counted[index]
    // Money is told in the record, with its unit.
    if (state === undefined || rule.unit === 'spend' || (isPage && !isOwn(rule.each))) continue
    policies.push(policyOf(rule, claim.budget.limit))
    const rest = Math.max(0, claim.budget.limit - state.booked - state.held)
    left.push(`"${rule.title}";r=${rest}${state.endsInMs === undefined ? '' : `;t=${Math.ceil(state.endsInMs / 1000)}`}`)
  }
  return policies.length === 0 ? [] : [limitHeaderNames[0], policies.join(', '), limitHeaderNames[1], left.join(', ')]
}

/** What was written for each rule: it changes only with the limit of the count. */
const written = new WeakMap<LimitRule, { readonly limit: number; readonly policy: string }>()

function policyOf(rule: LimitRule, limit: number): string {
  const known = written.get(rule)
  if (known?.limit === limit) return known.policy
  const window = rule.per === undefined ? undefined : seconds[rule.per]
  const unit = rule.unit === 'spend' ? '' : quotaUnits[rule.unit]
  const policy = `"${rule.title}";q=${limit}${unit}${window === undefined ? '' : `;w=${window}`}`
  written.set(rule, { limit, policy })
  return policy
}

/** Whether a rule counts for the caller alone. */
export function isOwn(each: string | undefined): boolean {
  return each === 'user' || each === 'session'
}
