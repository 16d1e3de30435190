/** The beginning of the year 10000, in seconds: what is later is no date that anybody writes, and `Date` cannot hold all of it. */
const endOfDates = 253_402_300_800

/** Whether a claim is a time in seconds (RFC 7519, 2: NumericDate) that can be reckoned with. It need not be whole. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < endOfDates
}
