import { billionthsOfOne } from '@postern/ports'
import type { GovernanceCost, GovernanceRecord } from '@postern/protocol'
import type { Prices } from './prices.js'

/**
 * Makes a function that estimates the cost of a call by the price file, if the gateway reported the call's tokens and no cost. The cost is
 * in the first unit for which the file has a price. The function returns `undefined` if the gateway reported a cost, or not the tokens of
 * the whole answer, or if the file has no price for the call.
 */
export function createCostEstimate(prices: Prices | undefined): (record: GovernanceRecord) => GovernanceCost | undefined {
  return ({ gateway, key, model, model_requested: asked, tier, usage, cost, finish }) => {
    if (prices === undefined || cost !== undefined || usage === undefined || gateway === undefined || key === undefined) return undefined
    if (finish !== 'complete' && usage.source !== 'answer') return undefined
    for (const unit of prices.unitsOf(gateway, key)) {
      const amount = prices.costOf({ gateway, key, model: model ?? asked, tier }, unit, usage)
      if (amount !== undefined) return { amount: amount / billionthsOfOne, unit }
    }
    return undefined
  }
}
