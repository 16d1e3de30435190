import { type Counted, Refusal } from '@postern/ports'
import { brief } from '../lib/brief.js'
import type { Need } from '../police/need.js'
import type { MostUsage, PricedCall, Prices } from '../prices/prices.js'
import type { Limit } from './find-limits.js'
import { isMeasured } from './limit-rule.js'

/** A message or a tool adds so many tokens of its own at most. */
const tokensOfEntry = 16

/**
 * What a provider tells a model at most: of tools in general, of each, and of each whose description is its own. Anthropic states up to
 * 530 tokens for tools and up to 735 and 499 more for one of its own (its documents "Tool use" and "Computer use").
 */
const tokensOfTools = 640
const tokensOfTool = 64
const tokensOfProviderTool = 2048

/** A ceiling is not made lower than this, and none lower is asked of a gateway: the OpenAI API takes no lower one. */
export const leastCeiling = 16

/**
 * The ceiling of a request that states none, for a model whose own most is not known. Every model in use takes it; one that is higher
 * than a model's most is refused by its provider.
 */
const unstatedCeiling = 4096

/** The prices of the configuration, and what they leave open. */
export interface Pricing {
  /** `undefined`: there is no price file. */
  readonly prices: Prices | undefined
  /** What happens under a limit of money to a call whose model has no price: it is refused, or tokens alone are counted. */
  readonly unpriced: 'refuse' | 'tokens'
  /** What is booked for a call whose use was not reported: what was set aside, or a bound of what passed. */
  readonly unreported: 'assume' | 'measure'
}

/** What a call sets aside under its limits. */
export interface CallSize {
  /** The tokens that each answer may have; `undefined`: its answer has no length, or nothing bounds the call. */
  readonly ceiling: number | undefined
  /** Input tokens, at most. */
  readonly input: number
  readonly answers: number
  readonly pictures: number
  /** Whether each answer may begin with the text of the request. */
  readonly echoes: boolean
  /** Whether nothing but a price for the whole call bounds it. */
  readonly isUnbounded: boolean
  /** The tokens of all answers together, with this ceiling: thinking included. */
  output(ceiling: number | undefined): number
  /** The amount for each limit, with this ceiling. */
  amounts(ceiling: number | undefined): readonly number[]
  /**
   * A lower ceiling with which the call fits into what the limits have left; `undefined`: none is high enough.
   *
   * @param below The ceiling that did not fit.
   */
  ceilingWithin(counted: readonly Counted[], below: number): number | undefined
}

/**
 * Sizes a call under limits of which at least one is of money or tokens.
 *
 * @throws {Refusal} 400 `ceiling_required` if nothing bounds what it uses, or it has no price in a unit in which it is limited.
 */
export function sizeCall(limits: readonly Limit[], need: Need, call: PricedCall, { prices: file, unpriced }: Pricing): CallSize {
  const prices = file === undefined ? undefined : ofAnyModel(file, need.models)
  const media = tokensOfMedia(need, call, prices)
  const unbounded = need.unbounded ?? (typeof media === 'string' ? media : undefined)
  const input =
    need.textBytes +
    tokensOfEntry * need.entries +
    (need.tools > 0 ? tokensOfTools + tokensOfTool * need.tools : 0) +
    tokensOfProviderTool * need.toolsOfProvider +
    (typeof media === 'string' ? 0 : media)
  const answers = need.output?.answers ?? 0
  const thinking = need.output?.thinking ?? 0
  // The tokens for thinking that the ceiling of an answer counts, and those that it does not.
  const [within, beside] = need.output?.countsThinking === true ? [thinking, 0] : [0, thinking]
  const output = (ceiling = 0): number => (Math.max(ceiling, within) + beside) * answers
  const most = (ceiling: number | undefined): MostUsage => {
    return { input, output: output(ceiling), images: need.picturesAsked, seconds: 0 }
  }

  /** Whether the price file has a price for each picture that is made, or, where sound is brought, none for each second of it. */
  function isBoundedIn(currency: string): boolean {
    const costs = (more: Partial<MostUsage>): boolean =>
      (prices?.mostOf(call, currency, { ...nothing, ...more }) ?? 0) > (prices?.mostOf(call, currency, nothing) ?? 0)
    if (need.picturesAsked > 0 && !costs({ images: 1 })) return false
    return need.media.audio === 0 || !costs({ seconds: 1 })
  }

  function moneyOf(currency: string, ceiling: number | undefined): number {
    const isBounded = unbounded === undefined && isBoundedIn(currency)
    const amount = prices?.mostOf(call, currency, isBounded ? most(ceiling) : undefined)
    if (amount !== undefined) return amount
    if (unpriced === 'tokens' && !isPriced(currency)) return 0
    throw unbounded === undefined && !isPriced(currency) ? hasNoPrice(need.models, call, currency) : hasNoCeiling(unbounded ?? 'model')
  }

  function isPriced(currency: string): boolean {
    if (prices === undefined) return false
    return prices.mostOf(call, currency, nothing) !== undefined || prices.mostOf(call, currency, undefined) !== undefined
  }

  function tokensOf(ceiling: number | undefined): number {
    // More than can be counted is more than any limit has.
    if (unbounded === undefined && need.picturesAsked === 0) return Math.min(input + output(ceiling), Number.MAX_SAFE_INTEGER)
    if (hasPriceOfCall(call, prices)) return 0
    throw hasNoCeiling(unbounded ?? 'model')
  }

  function amountOf({ rule, claim }: Limit, ceiling: number | undefined): number {
    if (rule.unit === 'tokens') return tokensOf(ceiling)
    return rule.unit === 'spend' ? moneyOf(rule.currency as string, ceiling) : claim.amount
  }

  function outputWithin({ rule, claim }: Limit, { booked, held }: Counted): number {
    const room = claim.budget.limit - booked - held
    if (rule.unit === 'tokens') return room - input
    return prices?.outputWithin(call, rule.currency as string, { ...most(0), output: 0 }, Math.max(0, room)) ?? Infinity
  }

  const asked = need.output?.limit
  const ceiling = unbounded === undefined && need.output !== undefined ? firstCeiling(asked, prices?.maxOutputOf(call)) : undefined
  return {
    ceiling,
    input,
    answers,
    echoes: need.echoes,
    pictures: need.picturesAsked,
    output,
    isUnbounded: unbounded !== undefined,
    amounts: (each) => limits.map((limit) => amountOf(limit, each)),
    ceilingWithin(counted, below) {
      let room = Infinity
      for (const [index, limit] of limits.entries())
        if (isMeasured(limit.rule.unit)) room = Math.min(room, outputWithin(limit, counted[index] as Counted))
      const fitting = Math.floor(room / answers) - beside
      // A ceiling must be higher than the thinking that it counts, or the provider refuses the request.
      return fitting > within && fitting >= Math.min(leastCeiling, below) && fitting < below ? fitting : undefined
    },
  }
}

/** The part of the prices that sizes a call. */
type SizingPrices = Pick<Prices, 'unitsOf' | 'mostOf' | 'outputWithin' | 'maxOutputOf' | 'ceilingOf'>

/** The prices of a call that any of several models may answer: of each the dearest, and unknown if one is. */
function ofAnyModel(prices: Prices, models: readonly string[]): SizingPrices {
  if (models.length < 2) return prices
  const ofAll = (
    read: (call: PricedCall) => number | undefined,
    call: PricedCall,
    choose: (...values: number[]) => number,
  ): number | undefined => {
    const values = models.map((model) => read({ ...call, model }))
    return values.every((value) => value !== undefined) ? choose(...values) : undefined
  }
  return {
    unitsOf: (gateway, key) => prices.unitsOf(gateway, key),
    mostOf: (call, unit, most) => ofAll((each) => prices.mostOf(each, unit, most), call, Math.max),
    outputWithin: (call, unit, most, amount) => ofAll((each) => prices.outputWithin(each, unit, most, amount), call, Math.min),
    maxOutputOf: (call) => ofAll((each) => prices.maxOutputOf(each), call, Math.max),
    ceilingOf: (call, kind) => ofAll((each) => prices.ceilingOf(each, kind), call, Math.max),
  }
}

const nothing: MostUsage = { input: 0, output: 0, images: 0, seconds: 0 }

function firstCeiling(asked: number | undefined, maxOutput: number | undefined): number {
  return Math.min(asked ?? maxOutput ?? unstatedCeiling, Math.max(leastCeiling, maxOutput ?? Infinity))
}

/** Tokens of pictures, sounds and files together; the name of the kind if one of them has no ceiling. */
function tokensOfMedia({ media }: Need, call: PricedCall, prices: SizingPrices | undefined): number | string {
  let tokens = 0
  for (const kind of ['image', 'audio', 'file'] as const) {
    if (media[kind] === 0) continue
    const ceiling = prices?.ceilingOf(call, kind)
    if (ceiling === undefined) return kind
    tokens += media[kind] * ceiling
  }
  return tokens
}

function hasPriceOfCall(call: PricedCall, prices: SizingPrices | undefined): boolean {
  if (prices === undefined) return false
  for (const unit of prices.unitsOf(call.gateway, call.key)) if (prices.mostOf(call, unit, undefined) !== undefined) return true
  return false
}

function hasNoCeiling(member: string): Refusal {
  return new Refusal('ceiling_required', {
    message: `This caller has a limit of money or tokens, and nothing bounds what ${JSON.stringify(member)} of this request uses.`,
    param: member,
  })
}

function hasNoPrice(models: readonly string[], { gateway }: PricedCall, currency: string): Refusal {
  const [model] = models
  const named = models.length > 1 ? 'One of the models that the request names' : `The model ${JSON.stringify(brief(model ?? ''))}`
  const what = model === undefined ? 'A request that leaves the model to the gateway' : named
  return new Refusal('ceiling_required', {
    message: `${what} has no price in ${currency}, and this caller has a limit of ${currency}.`,
    // A page that gets the public record is not told which gateway it is; the log is.
    help: 'Choose another model. For the operator: limits.prices needs an entry for it, and the log line with this request id names the gateway.',
    cause: `limits.prices has no entry in ${currency} for it at the gateway ${JSON.stringify(gateway)}`,
    param: 'model',
  })
}
