import type { Need } from '../police/need.js'
import type { PricedCall } from '../prices/prices.js'
import type { Limit } from './find-limits.js'
import { isMeasured } from './limit-rule.js'
import { type Pricing, sizeCall } from './size-call.js'

/**
 * Checks, for a dry run, that what a request uses can be bounded and has a price wherever a limit counts it.
 *
 * @throws {Refusal} 400 `ceiling_required`.
 */
export function checkSizable(limits: readonly Limit[], need: Need, call: PricedCall, pricing: Pricing): void {
  if (!limits.some(({ rule }) => isMeasured(rule.unit))) return
  const size = sizeCall(limits, need, call, pricing)
  size.amounts(size.ceiling)
}
