import { dimensions } from './dimensions.js'
import type { ChartsResult } from './measure-charts.js'
import { median, medianRatio } from './statistics.js'
import { drawTable, figure } from './table-text.js'

/** What a JSON request costs along each dimension, as so many times what it costs at its first step, in the same rounds. */
export function chartsTable(charts: ChartsResult): string {
  const rows = dimensions.flatMap(({ name }) => {
    const steps = charts[name] ?? []
    const [first] = steps
    return steps.map(({ count, costs, perStream }) => [
      name,
      figure(count, 0),
      figure(median(costs), 1),
      figure(medianRatio(costs, first?.costs ?? []), 2),
      perStream === undefined ? '' : figure(perStream, 1),
    ])
  })
  return drawTable(['JSON requests along', 'how many', 'CPU µs/request', '× the first', 'kB/stream'], rows)
}

/** How many times as much a request costs at the last step of a dimension as at its first. */
export function growthAlong(charts: ChartsResult, name: keyof ChartsResult): number | undefined {
  const [first, last] = [charts[name]?.[0], charts[name]?.at(-1)]
  return first === undefined || last === undefined ? undefined : medianRatio(last.costs, first.costs)
}
