import type { UsageCost, UsageRow } from '@postern/ports'

/** Adds up rows. Amounts stay apart by their unit. */
export function totalOf(rows: readonly UsageRow[]): UsageRow {
  const sum = (read: (row: UsageRow) => number): number => rows.reduce((total, row) => total + read(row), 0)
  return {
    group: {},
    calls: sum(({ calls }) => calls),
    failed: sum(({ failed }) => failed),
    refused: sum(({ refused }) => refused),
    input: sum(({ input }) => input),
    output: sum(({ output }) => output),
    cached: sum(({ cached }) => cached),
    reasoning: sum(({ reasoning }) => reasoning),
    costs: sumCosts(rows.flatMap(({ costs }) => costs)),
    estimated: sum(({ estimated }) => estimated),
    withoutUsage: sum(({ withoutUsage }) => withoutUsage),
    withoutCost: sum(({ withoutCost }) => withoutCost),
  }
}

/** One sum for each unit, in the order of their names. */
export function sumCosts(costs: readonly UsageCost[]): readonly UsageCost[] {
  const sums = new Map<string, bigint>()
  for (const { unit, amount } of costs) sums.set(unit, (sums.get(unit) ?? 0n) + amount)
  return [...sums].map(([unit, amount]) => ({ unit, amount })).toSorted((one, other) => (one.unit < other.unit ? -1 : 1))
}
