import type { Families } from './families.js'
import { Count, type Family, Observations, Sum } from './family.js'
import { metricTable } from './metric-table.js'

/** What one series has counted: a number, billionths of a unit, or the observations of each bucket and their sum. */
type Counted = number | bigint | { readonly counts: readonly number[]; readonly sum: number }

/** What the series of each metric have counted, so that another process can add it up. */
export type Snapshot = Readonly<Record<string, readonly (readonly [labels: readonly string[], counted: Counted])[]>>

/** How several processes are one series: what they count is summed; of gauges that say whether something answers, the lowest counts. */
function isLowest(metric: { readonly unit: string }): boolean {
  return metric.unit === '1 or 0'
}

export function takeSnapshot(families: Families): Snapshot {
  return Object.fromEntries(
    Object.entries(families).map(([name, family]) => [
      name,
      [...(family as Family).all()].map(({ labels, cell }) => [labels, countedIn(cell)] as const),
    ]),
  )
}

function countedIn(cell: Count | Sum | Observations): Counted {
  if (cell instanceof Observations) return { counts: [...cell.counts], sum: cell.sum }
  return cell instanceof Sum ? cell.billionths : cell.value
}

/**
 * Adds what a process has counted.
 *
 * @param withGauges Whether the process still lives. Without them only counters and histograms are added.
 */
export function addSnapshot(families: Families, snapshot: Snapshot, withGauges: boolean): void {
  for (const [name, metric] of Object.entries(metricTable)) {
    if (metric.type === 'gauge' && !withGauges) continue
    const family = families[name as keyof Families] as Family
    const known = new Set([...family.all()].map(({ labels }) => labels.join('\n')))
    for (const [labels, counted] of snapshot[name] ?? [])
      addTo(family.of(...labels), counted, isLowest(metric) && known.has(labels.join('\n')))
  }
}

function addTo(cell: Count | Sum | Observations, counted: Counted, lowest: boolean): void {
  if (cell instanceof Observations && typeof counted === 'object') cell.add(counted.counts, counted.sum)
  else if (cell instanceof Sum && typeof counted === 'bigint') cell.addBillionths(counted)
  else if (cell instanceof Count && typeof counted === 'number') cell.value = lowest ? Math.min(cell.value, counted) : cell.value + counted
}
