import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MetricValue, Registry } from 'prom-client'
import { Failure } from '../failure.js'
import type { Families } from './families.js'
import { type AnyCell, type Family, Observations } from './family.js'

/** The answer to a program that scrapes. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** Writes all metrics in the text format of Prometheus. */
export type Expose = () => Promise<Exposition>

/**
 * Loads prom-client, which writes the text and measures the process itself (memory, processor, event loop) from then on.
 *
 * @throws {Failure} if it is not installed: it is an optional dependency.
 */
export async function openExposition(families: Families): Promise<Expose> {
  const { default: prometheus } = await import('prom-client').catch((error: unknown) => {
    throw new Failure(`Metrics need the package prom-client, which cannot be loaded: ${(error as Error).message}`)
  })
  const registry = new prometheus.Registry()
  prometheus.collectDefaultMetrics({ register: registry })
  // `promtool check metrics` refuses these gauges: a name that ends in `_total` is for a counter.
  for (const { name, type } of await registry.getMetricsAsJSON())
    if (isGauge(type) && name.endsWith('_total')) registry.removeSingleMetric(name)
  for (const family of Object.values(families)) register(registry, family)
  return async () => {
    const texts: string[] = []
    for (const { name } of registry.getMetricsAsArray()) {
      texts.push(await registry.getSingleMetricAsString(name))
      // Calls go on between two metrics: one metric may have thousands of series.
      await nextTurn()
    }
    return { contentType: registry.contentType, text: `${texts.join('\n\n')}\n` }
  }
}

/** prom-client gives the type as a text, and declares it as a number. */
function isGauge(type: unknown): boolean {
  return type === 'gauge'
}

/** Opens the exposition at the first question. If it cannot be opened, the next question tries again. */
export function exposeWhenAsked(families: Families): Expose {
  let opened: Promise<Expose> | undefined
  return async () => {
    opened ??= openExposition(families).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return (await opened)()
  }
}

/**
 * Registers a metric whose values prom-client reads when it writes. The library's own metrics are not used: they build a text for each
 * observation, which costs more than the rest of a count.
 */
function register(registry: Registry, family: Family): void {
  const { name, help, type, labels } = family.metric
  const get = () => ({
    name,
    help,
    type,
    aggregator: 'sum',
    values: [...family.all()].flatMap((series) =>
      valuesOf(name, Object.fromEntries(labels.map((label, at) => [label, series.labels[at]])), series.cell),
    ),
  })
  registry.registerMetric({ name, get: () => Promise.resolve(get()) } as never)
}

type Labels = Readonly<Record<string, string | undefined>>
type Value = MetricValue<string> & { readonly metricName?: string }

function valuesOf(name: string, labels: Labels, cell: AnyCell): readonly Value[] {
  if (!(cell instanceof Observations)) return [{ labels, value: cell.value }] as readonly Value[]
  let sum = 0
  const buckets = cell.counts.map((count, at) => {
    sum += count
    return { metricName: `${name}_bucket`, labels: { ...labels, le: cell.boundOf(at) }, value: sum }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: cell.sum },
    { metricName: `${name}_count`, labels, value: sum },
  ] as readonly Value[]
}
