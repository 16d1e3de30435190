import { dayMs } from '../../ledger/day.js'

/**
 * What is added up for a group of calls: the column of a daily sum, and how it follows from rows of calls. A cost is added up as whole
 * units and the billionths beyond them, so that no sum comes near the largest integer of SQLite.
 */
export const measures: readonly (readonly [column: string, ofCalls: string])[] = [
  ['calls', 'count(*)'],
  ['failed', "sum(finish IN ('upstream_error', 'truncated', 'interrupted'))"],
  ['refused', "sum(finish = 'refused')"],
  ['input', 'sum(ifnull(input, 0))'],
  ['output', 'sum(ifnull(output, 0))'],
  ['cached', 'sum(ifnull(cached, 0))'],
  ['reasoning', 'sum(ifnull(reasoning, 0))'],
  ['cost_whole', 'sum(ifnull(cost, 0) / 1000000000)'],
  ['cost_rest', 'sum(ifnull(cost, 0) % 1000000000)'],
  ['estimated', 'sum(estimated)'],
  ['without_usage', 'sum(attempt > 0 AND input IS NULL AND output IS NULL)'],
  ['without_cost', 'sum(attempt > 0 AND cost IS NULL)'],
]

const columns = measures.map(([column]) => column)

/** Adds the calls that a condition names to the daily sums. @param sign `-` takes them away again. Default: adds them. */
export function addToSums(condition: string, sign: '' | '-' = ''): string {
  return `
    INSERT INTO sums (day, who, unit, ${columns.join(', ')})
    SELECT time / ${dayMs} AS its_day, who, unit, ${measures.map(([, ofCalls]) => `${sign}(${ofCalls})`).join(', ')}
    FROM calls WHERE ${condition} GROUP BY its_day, who, unit
    ON CONFLICT (day, who, unit) DO UPDATE SET ${columns.map((column) => `${column} = ${column} + excluded.${column}`).join(', ')}`
}
