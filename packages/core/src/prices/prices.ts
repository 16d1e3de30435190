import type { Billionths, CeilingKind } from '@postern/ports'

/** The facts that decide what a call costs. */
export interface PricedCall {
  /** The gateway's name in the configuration. */
  readonly gateway: string
  /** The key's alias. */
  readonly key: string
  /** `undefined`: the gateway chooses the model. */
  readonly model: string | undefined
  /** Where no entry is for the name of the model, whether those for models that it could be read as decide. Default: none does. */
  readonly asRead?: boolean | undefined
  /** `undefined`: it is not known which tier runs the call. */
  readonly tier?: string | undefined
}

/** What an answer used; a field that is not known is absent. `input` includes `cached`, `output` includes `reasoning`. */
export interface Usage {
  readonly input?: number | undefined
  readonly output?: number | undefined
  readonly cached?: number | undefined
  readonly reasoning?: number | undefined
  readonly images?: number | undefined
  /** May have decimals. */
  readonly seconds?: number | undefined
}

/** The most that a call can use, before it is sent. */
export interface MostUsage {
  readonly input: number
  readonly output: number
  readonly images: number
  readonly seconds: number
}

/** A cost that a gateway reported and that differs from the file. */
export interface PriceDifference {
  /** What the call costs by the file. */
  readonly expected: Billionths
  /** The difference as a share of the larger of the two amounts: above 0, at most 1. */
  readonly share: number
}

/**
 * The price file, compiled. Amounts include the markup of the key, and each is rounded once, up to a whole billionth; an amount above
 * the largest safe integer is that one. No method throws, and none takes longer because the file has more entries.
 */
export interface Prices {
  readonly version: string
  /** Units in which calls of this gateway (and key) can be priced at all; for configuration checks. */
  unitsOf(gateway: string, key?: string): ReadonlySet<string>
  /**
   * What usage costs in `unit`; `undefined` if no price in that unit is known or the usage lacks what the price needs. Never zero for
   * unknown. Where the file leaves open which price applies (no tier, no model, a kind of token that is not told apart): the dearest.
   */
  costOf(call: PricedCall, unit: string, usage: Usage): Billionths | undefined
  /**
   * The most a call can cost in `unit`, at the dearest price that model pattern, tier and key may meet; `undefined` if it cannot be
   * bounded by the file. `perCall` of the entry bounds a call whose usage cannot be bounded (`most` undefined). A call without a
   * model: the dearest of all models of the gateway.
   */
  mostOf(call: PricedCall, unit: string, most: MostUsage | undefined): Billionths | undefined
  /**
   * How many output tokens still fit into `amount` beside the rest of `most`; for cutting the ceiling of a request. 0 if the rest
   * alone does not fit; `undefined` if output has no price in that unit.
   */
  outputWithin(call: PricedCall, unit: string, most: MostUsage, amount: Billionths): number | undefined
  /** The model's own most output tokens, if the file says it. */
  maxOutputOf(call: PricedCall): number | undefined
  /** Tokens to set aside for one image, sound or file of a request; `undefined`: no ceiling, so the call cannot be bounded. */
  ceilingOf(call: PricedCall, kind: CeilingKind): number | undefined
  /**
   * Compares what a gateway reported with the file; `undefined`: nothing to compare, or within the share. Where the file gives only
   * the dearest price, a report below it is no difference.
   */
  differenceOf(call: PricedCall, unit: string, usage: Usage, reported: Billionths): PriceDifference | undefined
}
