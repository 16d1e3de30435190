import { exactBillionths, writeAmount } from '@postern/ports'
import type { Metric } from './metric-table.js'

/** How many series one metric has at most. Later ones are counted in one more series, whose labels are all `other`. */
export const mostSeries = { counter: 2000, gauge: 2000, histogram: 200 } as const

/** A number that is counted. */
export class Count {
  value = 0
}

/** Amounts of one unit, summed up in whole billionths as in the ledger: in floating point 0.1 and 0.2 are 0.30000000000000004. */
export class Sum {
  #billionths = 0n

  add(amount: number): void {
    this.addBillionths(exactBillionths(amount) ?? 0n)
  }

  addBillionths(billionths: bigint): void {
    this.#billionths += billionths
  }

  get billionths(): bigint {
    return this.#billionths
  }

  /** The number that is nearest to the sum, and that is written as the sum is. */
  get value(): number {
    return Number(writeAmount(this.#billionths))
  }
}

/** The observations of a histogram. */
export class Observations {
  readonly #bounds: readonly number[]
  /** How many observations lie in each bucket alone; the last one is above every bound. */
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  /** The upper bound of a bucket, as Prometheus writes it. */
  boundOf(place: number): string {
    return place === this.#bounds.length ? '+Inf' : String(this.#bounds[place])
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let place = 0
    while (place < bounds.length && value > (bounds[place] as number)) place += 1
    ;(this.counts[place] as number) += 1
    this.sum += value
  }

  /** Adds the observations of another process, with the same bounds. */
  add(counts: readonly number[], sum: number): void {
    for (const [place, count] of counts.entries()) (this.counts[place] as number) += count
    this.sum += sum
  }
}

/** What one series counts. */
export type AnyCell = Count | Sum | Observations

/** A series of a metric: the values of its labels, in the order of the metric's labels, and what is counted. */
export interface Series<Cell> {
  readonly labels: readonly string[]
  readonly cell: Cell
}

/** All series of one metric. Get a series once from {@link Family.of} and count in it: then a count costs no look-up. */
export class Family<Cell extends AnyCell = AnyCell> {
  readonly metric: Metric
  readonly #make: () => Cell
  readonly #series = new Map<string, Series<Cell>>()

  constructor(metric: Metric, make: () => Cell) {
    this.metric = metric
    this.#make = make
  }

  /** The series whose labels have these values. */
  of(...labels: readonly string[]): Cell {
    const known = this.#series.get(labels.join('\n'))
    if (known !== undefined) return known.cell
    const kept = this.#series.size < mostSeries[this.metric.type] ? labels : labels.map(() => 'other')
    const name = kept.join('\n')
    let series = this.#series.get(name)
    if (series === undefined) this.#series.set(name, (series = { labels: kept, cell: this.#make() }))
    return series.cell
  }

  all(): Iterable<Series<Cell>> {
    return this.#series.values()
  }

  /** Forgets every series. Not for families that something counts in, which keeps their cells. */
  clear(): void {
    this.#series.clear()
  }
}
