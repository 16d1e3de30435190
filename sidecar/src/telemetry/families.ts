import { type AnyCell, Count, Family, Observations, Sum } from './family.js'
import { type Metric, metricTable } from './metric-table.js'

type Table = typeof metricTable

/** The unit of metrics that sum up amounts, exactly. All others count things. */
const unitOfAmounts = 'the label unit'

/** A family for each metric of the table. */
export type Families = {
  readonly [Name in keyof Table]: Family<
    Table[Name]['type'] extends 'histogram' ? Observations : Table[Name] extends { readonly unit: typeof unitOfAmounts } ? Sum : Count
  >
}

export function openFamilies(): Families {
  const entries = Object.entries(metricTable as Readonly<Record<string, Metric>>).map(([name, metric]) => [name, openFamily(metric)])
  return Object.fromEntries(entries) as Families
}

function openFamily(metric: Metric): Family {
  return new Family<AnyCell>(metric, () => cellOf(metric))
}

function cellOf({ type, buckets = [], unit }: Metric): AnyCell {
  if (type === 'histogram') return new Observations(buckets)
  return unit === unitOfAmounts ? new Sum() : new Count()
}
