/** An amount of one unit in whole billionths, a safe integer; every rounding is upwards. */
export type Billionths = number

/** How many billionths one whole is. */
export const billionthsOfOne = 1_000_000_000

/** An amount with its unit, such as `20 USD`. */
export interface Amount {
  readonly amount: Billionths
  /** `credits`, or an ISO 4217 currency such as `USD`. */
  readonly unit: string
}

/** The most digits before the point: nine million and some is the most that billionths can say exactly. */
const decimalForm = /^(\d{1,16})(?:\.(\d{1,9}))?$/

/**
 * Reads a decimal of at most nine decimals exactly: `0.15`, `20`.
 *
 * @returns `undefined` if the text is no such decimal, or if it is above 9,007,199.254740991, the largest amount.
 */
export function readDecimal(text: string): Billionths | undefined {
  const match = decimalForm.exec(text)
  if (match === null) return undefined
  const [, whole = '', decimals = ''] = match
  // Below the largest safe integer the sum is exact, and each larger one is larger in floating point as well.
  const amount = Number(whole) * billionthsOfOne + Number(decimals.padEnd(9, '0'))
  return amount <= Number.MAX_SAFE_INTEGER ? amount : undefined
}

/**
 * Reads an amount with its unit: `20 USD`, `0.5 credits`. `TL` is read as `TRY`.
 *
 * @returns `undefined` if the text is no amount; see {@link readDecimal} and {@link readUnit}.
 */
export function readAmount(text: string): Amount | undefined {
  const match = /^([\d.]+)\s*([A-Za-z]+)$/.exec(text)
  const amount = readDecimal(match?.[1] ?? '')
  const unit = readUnit(match?.[2] ?? '')
  return amount === undefined || unit === undefined ? undefined : { amount, unit }
}

/**
 * Writes an amount as a decimal, without zeros at its end: `0.15`, `20`. {@link readDecimal} reads it again. A sum of many amounts may be
 * larger than the largest safe integer; it is a `bigint`.
 */
export function writeAmount(amount: Billionths | bigint): string {
  const exact = BigInt(amount)
  const size = exact < 0n ? -exact : exact
  const rest = size % wholeOfSums
  const decimals = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`
  return `${exact < 0n ? '-' : ''}${size / wholeOfSums}${decimals}`
}

const wholeOfSums = BigInt(billionthsOfOne)

/**
 * Turns a number of JSON into billionths, rounded up: the decimal that a gateway wrote, and not what floating point makes of it.
 *
 * @returns `undefined` for a negative number and for one that is not finite. An amount above the largest is the largest.
 */
export function toBillionths(amount: number): Billionths | undefined {
  const exact = exactBillionths(amount)
  if (exact === undefined) return undefined
  return exact > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(exact)
}

/** The same without a largest amount. */
export function exactBillionths(amount: number): bigint | undefined {
  // The shortest text that stands for the number, such as "12.34" or "1e-7".
  const match = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(amount))
  if (match === null) return undefined
  const [, whole = '', decimals = '', exponent = '0'] = match
  const digits = BigInt(whole + decimals)
  const shift = 9 + Number(exponent) - decimals.length
  if (shift >= 0) return digits * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return (digits + divisor - 1n) / divisor
}

/** `credits` and the currencies of ISO 4217; the two last are too new for the tables of older versions of Node. */
const units = new Set(['credits', ...Intl.supportedValuesOf('currency'), 'XCG', 'ZWG'])

/** Reads a unit: `credits`, or an ISO 4217 currency in capital letters. `TL` is read as `TRY`. `undefined`: it is no unit. */
export function readUnit(text: string): string | undefined {
  if (text === 'TL') return 'TRY'
  return units.has(text) ? text : undefined
}
