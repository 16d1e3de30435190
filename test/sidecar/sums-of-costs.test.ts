import type { LedgerEntry } from '@postern/ports'
import { expect, test } from 'vitest'
import { openExposition } from '../../sidecar/src/telemetry/exposition.js'
import { Sum } from '../../sidecar/src/telemetry/family.js'
import { openFamilies } from '../../sidecar/src/telemetry/families.js'
import { metricTable } from '../../sidecar/src/telemetry/metric-table.js'
import { readMetrics } from '../support/read-metrics.js'

type Cost = NonNullable<LedgerEntry['cost']>

test.each<[sum: number, of: readonly Cost['amount'][]]>([
  [0.395, [0.1, 0.2, 0.095]],
  [0.3, [0.1, 0.2]],
  [1, Array.from({ length: 10 }, () => 0.1)],
  [1.000000001, [1, 0.000000001]],
  [1_000_000.1, [999_999.8, 0.1, 0.2]],
])('the cost of calls in the metrics is %d exactly, and not what floating point makes of the sum', async (sum, amounts) => {
  const families = openFamilies()
  for (const amount of amounts) families.cost.of('main', 'acme', 'auto', 'USD').add(amount)
  const { text } = await (await openExposition(families))()
  expect(text).toContain(`postern_cost_total{gateway="main",key="acme",model="auto",unit="USD"} ${sum}\n`)
  expect(readMetrics(text).sum('postern_cost_total')).toBe(sum)
})

test('each metric whose unit is one of money sums up amounts exactly', () => {
  const ofMoney = Object.entries(metricTable).filter(([, { unit }]) => unit === 'the label unit')
  expect(ofMoney.map(([name]) => name)).toEqual(['cost'])
  const families = openFamilies()
  for (const [name] of ofMoney) expect(families[name as 'cost'].of('a', 'b', 'c', 'd')).toBeInstanceOf(Sum)
})
