import { median, quantile } from '../bench/statistics.js'
import { leastMinutesForMemory, type Measure, measures } from './measures.js'
import type { Sample } from './sample.js'
import { type Point, type Trend, trendOf } from './trend.js'

/** How a measure stood after the warm-up. */
export interface Verdict {
  readonly measure: Measure
  /** All samples, those of the warm-up included. */
  readonly points: readonly Point[]
  readonly middle: number
  readonly trend: Trend
  /** What the trend says it grew by, from the end of the warm-up to the end. */
  readonly growth: number
  readonly mayGrow: number | undefined
  readonly word: 'flat' | 'grows' | 'too short a run to say'
}

/** The least number of samples after the warm-up that say anything of a trend. */
const leastSamples = 5

/** Judges every measure by its trend after the warm-up. What lies within the middle half of what samples differ from the trend by, is no growth. */
export function judge(samples: readonly Sample[], warmUpMinutes: number): readonly Verdict[] {
  return measures.map((measure) => {
    const points = samples.map((sample): Point => [sample.minutes, measure.value(sample)])
    const counted = points.filter(([minutes]) => minutes >= warmUpMinutes)
    const trend = trendOf(counted)
    const middle = median(counted.map(([, value]) => value))
    const span = (counted.at(-1)?.[0] ?? 0) - (counted[0]?.[0] ?? 0)
    const growth = trend.slope * span
    const { mayGrow: bound } = measure
    const besides = counted.map(([minutes, value]) => value - trend.at(minutes))
    const spread = quantile(besides, 0.75) - quantile(besides, 0.25)
    const mayGrow = bound && Math.max(bound.share * middle, bound.amount, spread)
    const minutes = samples.at(-1)?.minutes ?? 0
    const isShort = counted.length < leastSamples || (measure.isSlow === true && minutes < leastMinutesForMemory * 0.95)
    const word = mayGrow === undefined || growth <= mayGrow ? 'flat' : 'grows'
    return { measure, points, middle, trend, growth, mayGrow, word: isShort ? 'too short a run to say' : word }
  })
}
