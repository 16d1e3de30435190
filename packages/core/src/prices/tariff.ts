import type { Billionths, PriceEntry } from '@postern/ports'
import { costOfParts, countWithin, type Factor, type Part } from './exact.js'
import type { MostUsage, Usage } from './prices.js'

const million = 1_000_000

/** What calls cost in one unit, by one entry of the file or by the dearest of several. */
export interface Tariff {
  readonly tokens: Readonly<Record<'input' | 'cached' | 'output' | 'reasoning', Billionths>> | undefined
  readonly image: Billionths | undefined
  readonly second: Billionths | undefined
  /** The price of a call that has no other price. */
  readonly call: Billionths | undefined
  /** The most that a call costs whose usage cannot be bounded; `undefined`: an entry does not say it. */
  readonly ceiling: Billionths | undefined
  /** Whether several entries may apply, so that each price is the dearest of theirs. */
  readonly isDearest: boolean
}

export function tariffOf({ perMillion, perCall, perImage, perSecond }: PriceEntry): Tariff {
  const { input = 0, output = 0, cached = input, reasoning = output } = perMillion ?? {}
  return {
    tokens: perMillion === undefined ? undefined : { input, cached, output, reasoning },
    image: perImage,
    second: perSecond,
    call: perMillion === undefined && perImage === undefined && perSecond === undefined ? perCall : undefined,
    ceiling: perCall,
    isDearest: false,
  }
}

/** Of each price the dearest. */
export function dearestOf(tariffs: readonly Tariff[]): Tariff | undefined {
  const [first, ...others] = tariffs
  return first === undefined ? undefined : others.reduce(dearer, first)
}

function dearer(one: Tariff, other: Tariff): Tariff {
  const [tokens, others] = [one.tokens ?? other.tokens, other.tokens ?? one.tokens]
  return {
    tokens:
      tokens === undefined || others === undefined
        ? undefined
        : {
            input: Math.max(tokens.input, others.input),
            cached: Math.max(tokens.cached, others.cached),
            output: Math.max(tokens.output, others.output),
            reasoning: Math.max(tokens.reasoning, others.reasoning),
          },
    image: larger(one.image, other.image),
    second: larger(one.second, other.second),
    call: larger(one.call, other.call),
    ceiling: one.ceiling === undefined || other.ceiling === undefined ? undefined : Math.max(one.ceiling, other.ceiling),
    isDearest: true,
  }
}

function larger(one: Billionths | undefined, other: Billionths | undefined): Billionths | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other)
}

/** What usage costs; `undefined` if it lacks something that has a price. */
export function costBy(tariff: Tariff, usage: Usage, factor: Factor): Billionths | undefined {
  const { tokens, image, second, call } = tariff
  // An entry that gives no price at all says nothing of the cost, and not that it is zero.
  if (tokens === undefined && image === undefined && second === undefined && call === undefined) return undefined
  const parts: Part[] = []
  const isComplete =
    (tokens === undefined ||
      (addTokens(parts, usage.input, usage.cached, tokens.input, tokens.cached) &&
        addTokens(parts, usage.output, usage.reasoning, tokens.output, tokens.reasoning))) &&
    (image === undefined || add(parts, usage.images, image, 1)) &&
    (second === undefined || add(parts, usage.seconds, second, 1))
  return isComplete ? withCall(tariff, parts, factor) : undefined
}

/** Adds tokens of which some have a price of their own. Where it is not known how many, all count at the dearer price. */
function addTokens(parts: Part[], all: number | undefined, some: number | undefined, price: Billionths, priceOfSome: Billionths): boolean {
  if (some === undefined) return add(parts, all, Math.max(price, priceOfSome), million)
  if (!add(parts, some, priceOfSome, million)) return false
  return add(parts, all === undefined ? undefined : Math.max(0, all - some), price, million)
}

/** Adds a part; `false` if it has a price and its count is not known. */
function add(parts: Part[], count: number | undefined, price: Billionths, per: Part['per']): boolean {
  if (price === 0) return true
  if (count === undefined || !Number.isFinite(count) || count < 0) return false
  parts.push({ count: per === 1 ? count : Math.ceil(count), price, per })
  return true
}

/** The cost of the parts; or that of a call without other prices, if an entry that may apply has one and it is dearer. */
function withCall({ call }: Tariff, parts: readonly Part[], factor: Factor): Billionths {
  const cost = costOfParts(parts, factor)
  return call === undefined ? cost : Math.max(cost, costOfParts([{ count: 1, price: call, per: 1 }], factor))
}

/** The most that a call costs; `undefined` if nothing bounds it. */
export function mostBy(tariff: Tariff, most: MostUsage | undefined, factor: Factor): Billionths | undefined {
  const { ceiling } = tariff
  if (most !== undefined) return costBy(tariff, most, factor)
  return ceiling === undefined ? undefined : costOfParts([{ count: 1, price: ceiling, per: 1 }], factor)
}

/** How many output tokens fit into an amount beside the rest; `undefined` if output has no price. */
export function outputBy(tariff: Tariff, most: MostUsage, amount: Billionths, factor: Factor): number | undefined {
  const { tokens, image, second } = tariff
  if (tokens === undefined) return undefined
  const rest: Part[] = []
  const isBounded =
    add(rest, most.input, Math.max(tokens.input, tokens.cached), million) &&
    add(rest, most.images, image ?? 0, 1) &&
    add(rest, most.seconds, second ?? 0, 1)
  if (!isBounded || withCall(tariff, rest, factor) > amount) return 0
  return countWithin(amount, rest, Math.max(tokens.output, tokens.reasoning), factor)
}

/** Whether the usage says everything that decides between two prices of the tariff. */
export function isTold({ tokens, isDearest }: Tariff, { cached, reasoning }: Usage): boolean {
  if (isDearest) return false
  if (tokens === undefined) return true
  return (cached !== undefined || tokens.cached === tokens.input) && (reasoning !== undefined || tokens.reasoning === tokens.output)
}
