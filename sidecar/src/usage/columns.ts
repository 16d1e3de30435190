import { type UsageField, type UsageRow, writeAmount } from '@postern/ports'
import { totalOf } from './total.js'

/** A column of numbers. */
export interface NumberColumn {
  /** Its name in CSV and JSON. */
  readonly name: string
  /** Its head in the terminal. */
  readonly head: string
  readonly read: (row: UsageRow) => string
  /** Whether the terminal shows it although it is 0 in each row. */
  readonly isAlways: boolean
}

const counts: readonly (readonly [name: string, head: string, read: (row: UsageRow) => number, isAlways: boolean])[] = [
  ['calls', 'calls', ({ calls }) => calls, true],
  ['failed', 'failed', ({ failed }) => failed, false],
  ['refused', 'refused', ({ refused }) => refused, false],
  ['input', 'input', ({ input }) => input, true],
  ['output', 'output', ({ output }) => output, true],
  ['cached', 'cached', ({ cached }) => cached, false],
  ['reasoning', 'reasoning', ({ reasoning }) => reasoning, false],
  ['estimated', 'estimated', ({ estimated }) => estimated, false],
  ['without_usage', 'without tokens', ({ withoutUsage }) => withoutUsage, false],
  ['without_cost', 'without cost', ({ withoutCost }) => withoutCost, false],
]

/** The columns of an answer: counts, then one for each unit of costs. */
export function columnsOf(rows: readonly UsageRow[]): readonly NumberColumn[] {
  const units = totalOf(rows).costs.map(({ unit }) => unit)
  return [
    ...counts.map(([name, head, read, isAlways]) => ({ name, head, read: (row: UsageRow) => String(read(row)), isAlways })),
    ...units.map((unit) => ({ name: `cost_${unit}`, head: unit, read: (row: UsageRow) => costIn(row, unit), isAlways: true })),
  ]
}

function costIn({ costs }: UsageRow, unit: string): string {
  const found = costs.find((cost) => cost.unit === unit)
  return found === undefined ? '' : writeAmount(found.amount)
}

/** A row for a program: the fields of its group, `null` without a value; amounts are decimals in text. */
export function asJson(by: readonly UsageField[], row: UsageRow): object {
  return {
    ...Object.fromEntries(by.map((field) => [field, row.group[field] ?? null])),
    ...Object.fromEntries(counts.map(([name, , read]) => [name, read(row)])),
    cost: Object.fromEntries(row.costs.map(({ unit, amount }) => [unit, writeAmount(amount)])),
  }
}
