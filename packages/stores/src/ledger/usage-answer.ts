import type { UsageField, UsageRow } from '@postern/ports'
import { dayText } from './day.js'

/** What is added up besides costs. */
export const plainMeasures = [
  'calls',
  'failed',
  'refused',
  'input',
  'output',
  'cached',
  'reasoning',
  'estimated',
  'without_usage',
  'without_cost',
] as const

/** What one query adds up of calls with one unit. */
export interface UsageSums {
  /** The empty text: the calls have no cost. */
  readonly unit: string
  /** In the order of {@link plainMeasures}. */
  readonly measures: readonly number[]
  /** In billionths of the unit. */
  readonly cost: bigint
}

interface Group {
  readonly values: readonly (string | null)[]
  readonly sums: number[]
  readonly costs: Map<string, bigint>
}

/** The groups of an answer, which grow with each query. */
export class UsageAnswer {
  readonly #by: readonly UsageField[]
  readonly #groups = new Map<string, Group>()

  constructor(by: readonly UsageField[]) {
    this.#by = by
  }

  /** @param found The values of the fields that the question named: a number is a day, and the empty text no value. */
  add(found: readonly (string | number)[], { unit, measures, cost }: UsageSums): void {
    const values = found.map((value) => (typeof value === 'number' ? dayText(value) : value === '' ? null : value))
    const key = JSON.stringify(values)
    let group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, (group = { values, sums: plainMeasures.map(() => 0), costs: new Map() }))
    for (const [index, sum] of measures.entries()) group.sums[index] = (group.sums[index] as number) + sum
    if (unit !== '') group.costs.set(unit, (group.costs.get(unit) ?? 0n) + cost)
  }

  /** In the order of their values. */
  rows(): readonly UsageRow[] {
    return [...this.#groups.values()].toSorted((one, other) => compare(one.values, other.values)).map((group) => rowOf(this.#by, group))
  }
}

function rowOf(by: readonly UsageField[], { values, sums, costs }: Group): UsageRow {
  const sum = (name: (typeof plainMeasures)[number]): number => sums[plainMeasures.indexOf(name)] as number
  return {
    group: Object.fromEntries(by.flatMap((field, index) => (values[index] === null ? [] : [[field, values[index]]]))),
    calls: sum('calls'),
    failed: sum('failed'),
    refused: sum('refused'),
    input: sum('input'),
    output: sum('output'),
    cached: sum('cached'),
    reasoning: sum('reasoning'),
    costs: [...costs].map(([unit, amount]) => ({ unit, amount })).toSorted((one, other) => (one.unit < other.unit ? -1 : 1)),
    estimated: sum('estimated'),
    withoutUsage: sum('without_usage'),
    withoutCost: sum('without_cost'),
  }
}

function compare(one: readonly (string | null)[], other: readonly (string | null)[]): number {
  for (const [index, value] of one.entries()) {
    const [left, right] = [value ?? '', other[index] ?? '']
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
