import { calls, type Measure, tokens } from '../usage.js'
import { count, moneyWriter, shortCount } from './numbers.js'

/** How the values of a measure are written. */
export interface MeasureWriter {
  /** Without the unit. */
  readonly number: (value: number) => string
  /** With the unit. */
  readonly whole: (value: number) => string
  /** For the scale of a chart. */
  readonly short: (value: number) => string
}

/** @param largest The largest value that stands together with others. */
export function measureWriter(measure: Measure, largest: number): MeasureWriter {
  if (measure === tokens || measure === calls) return { number: count, whole: (value) => `${count(value)} ${measure}`, short: shortCount }
  const money = moneyWriter(largest)
  const plain = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
  return {
    number: money,
    whole: (value) => `${money(value)} ${measure}`,
    short: (value) => (value < 10_000 ? plain.format(value) : shortCount(value)),
  }
}
