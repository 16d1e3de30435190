import { type Billionths, billionthsOfOne, exactBillionths } from '@postern/ports'

/** A count of something that has a price: of tokens `per` a million, of images and seconds `per` one. */
export interface Part {
  readonly count: number
  readonly price: Billionths
  readonly per: 1 | 1_000_000
}

/** What a price is multiplied by: `over` ÷ `under`, without a common divisor. */
export interface Factor {
  readonly over: number
  readonly under: number
}

export const one: Factor = { over: 1, under: 1 }

const million = 1_000_000
const billion = BigInt(billionthsOfOne)
const most = Number.MAX_SAFE_INTEGER

/** Makes a factor of a decimal, so that usual ones have small members: 1.5 is 3 ÷ 2. */
export function factorOf(decimal: Billionths): Factor {
  const divisor = commonDivisor(decimal, billionthsOfOne)
  return { over: decimal / divisor, under: billionthsOfOne / divisor }
}

function commonDivisor(one: number, other: number): number {
  return other === 0 ? one : commonDivisor(other, one % other)
}

/**
 * The cost of parts, times the factor, rounded up once, at the end. Counts are finite and not negative; those per million are whole.
 *
 * Numbers are exact as long as every step is a safe integer, and a step that is not is above the largest one also in floating point:
 * only then is it reckoned again, in whole numbers of any size.
 */
export function costOfParts(parts: readonly Part[], { over, under }: Factor): Billionths {
  let sum = 0
  for (const { count, price, per } of parts) {
    sum += count * price * (million / per)
    if (sum > most || !Number.isInteger(count)) return costInBigInt(parts, { over, under })
  }
  const product = sum * over
  const divisor = million * under
  if (product > most) return costInBigInt(parts, { over, under })
  const rest = product % divisor
  return (product - rest) / divisor + (rest > 0 ? 1 : 0)
}

function costInBigInt(parts: readonly Part[], { over, under }: Factor): Billionths {
  const product = sumInBigInt(parts) * BigInt(over)
  const divisor = scale * BigInt(under)
  return bounded((product + divisor - 1n) / divisor)
}

/** How many {@link sumInBigInt} gives for one billionth: counts may have nine decimals, and prices are per million. */
const scale = billion * BigInt(million)

function sumInBigInt(parts: readonly Part[]): bigint {
  let sum = 0n
  for (const { count, price, per } of parts) sum += (exactBillionths(count) ?? 0n) * BigInt(price) * BigInt(million / per)
  return sum
}

/**
 * How many units of `price` a million fit into `amount` beside the parts: the largest count with which {@link costOfParts} is not
 * above the amount. 0 if the parts alone do not fit.
 */
export function countWithin(amount: Billionths, parts: readonly Part[], price: Billionths, { over, under }: Factor): number {
  const left = (BigInt(amount) * scale * BigInt(under)) / BigInt(over) - sumInBigInt(parts)
  if (left < 0n) return 0
  return price === 0 ? most : bounded(left / (BigInt(price) * billion))
}

function bounded(amount: bigint): number {
  return amount > BigInt(most) ? most : Number(amount)
}
