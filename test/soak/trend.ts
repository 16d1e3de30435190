import { median } from '../bench/statistics.js'

export type Point = readonly [x: number, y: number]

/** A straight line through points, of which a few may lie anywhere. */
export interface Trend {
  /** How much `y` changes while `x` grows by one. */
  readonly slope: number
  readonly at: (x: number) => number
}

/** The trend after Theil and Sen: the median of the slopes between any two points. It bears that up to 29 % of the points are outliers. */
export function trendOf(points: readonly Point[]): Trend {
  const slopes = points.flatMap(([x, y], index) => points.slice(index + 1).map(([x2, y2]) => (y2 - y) / (x2 - x)))
  const slope = slopes.length === 0 ? 0 : median(slopes)
  const base = median(points.map(([x, y]) => y - slope * x))
  return { slope, at: (x) => base + slope * x }
}
