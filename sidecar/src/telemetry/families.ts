import { Count, Family, Observations } from './family.js'
import { type Metric, metricTable } from './metric-table.js'

type Table = typeof metricTable

/** A family for each metric of the table. */
export type Families = {
  readonly [Name in keyof Table]: Family<Table[Name]['type'] extends 'histogram' ? Observations : Count>
}

export function openFamilies(): Families {
  const entries = Object.entries(metricTable as Readonly<Record<string, Metric>>).map(([name, metric]) => [name, openFamily(metric)])
  return Object.fromEntries(entries) as Families
}

function openFamily(metric: Metric): Family {
  const { buckets = [] } = metric
  return metric.type === 'histogram' ? new Family(metric, () => new Observations(buckets)) : new Family(metric, () => new Count())
}
