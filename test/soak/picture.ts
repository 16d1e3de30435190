import { drawLineCharts } from '../bench/line-chart.js'
import type { Verdict } from './verdict.js'

/** Draws every measure over time, each with its trend after the warm-up, which is shaded. */
export function drawSoak(verdicts: readonly Verdict[], warmUpMinutes: number, title: string): string {
  return drawLineCharts(
    title,
    verdicts.map(({ measure, points, trend, mayGrow, word }) => {
      const counted = points.filter(([minutes]) => minutes >= warmUpMinutes)
      return {
        title: `${measure.name}${mayGrow === undefined ? '' : `: ${word}`}`,
        xLabel: 'minutes',
        digits: measure.digits,
        shadedUntil: warmUpMinutes,
        lines: [
          { name: measure.name, points },
          { name: 'trend', isTrend: true, points: counted.map(([minutes]) => [minutes, trend.at(minutes)] as const) },
        ],
      }
    }),
  )
}
