import { dimensions } from './dimensions.js'
import { drawLineCharts, type LineChart, type Point } from './line-chart.js'
import type { LineResult } from './line-result.js'
import type { ChartStep } from './measure-charts.js'
import { median } from './statistics.js'

/**
 * Draws what a JSON request costs along each dimension, and what an open stream holds, with a line for each line of Node.
 *
 * @returns `undefined` if it was not measured.
 */
export function drawGrowth(lines: readonly LineResult[]): string | undefined {
  const measured = lines.filter(({ results }) => results.charts !== undefined)
  if (measured.length === 0) return undefined
  const chartOf = (
    title: string,
    xLabel: string,
    name: (typeof dimensions)[number]['name'],
    digits: number,
    pointsOf: PointsOf,
  ): LineChart => ({
    title,
    xLabel,
    isLogarithmic: true,
    digits,
    lines: measured.map(({ node, results }) => ({ name: `Node ${node.slice(1)}`, points: pointsOf(results.charts?.[name] ?? []) })),
  })
  const charts = [
    ...dimensions.map(({ name, title }) => chartOf('CPU of Postern for one JSON request, in µs', title, name, 1, costsOf)),
    chartOf('memory of Postern for each open stream, in kB', 'open streams', 'streams', 1, memoryOf),
  ]
  return drawLineCharts(
    'What grows with what: a flat line costs the same everywhere',
    charts.filter(({ lines: drawn }) => drawn.some(({ points }) => points.length > 0)),
  )
}

type PointsOf = (steps: readonly ChartStep[]) => readonly Point[]

function costsOf(steps: readonly ChartStep[]): readonly Point[] {
  return steps.map(({ count, costs }) => [count, median(costs)] as const)
}

function memoryOf(steps: readonly ChartStep[]): readonly Point[] {
  return steps.flatMap(({ count, perStream }) => (perStream === undefined ? [] : [[count, perStream] as const]))
}
