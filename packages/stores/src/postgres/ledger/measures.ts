/** What is added up for a group of calls: the column of a daily sum, and how it follows from rows of calls. */
export const measures: readonly (readonly [column: string, ofCalls: string])[] = [
  ['calls', 'count(*)'],
  ['failed', "count(*) FILTER (WHERE finish IN ('upstream_error', 'truncated', 'interrupted'))"],
  ['refused', "count(*) FILTER (WHERE finish = 'refused')"],
  ['input', 'coalesce(sum(input), 0)'],
  ['output', 'coalesce(sum(output), 0)'],
  ['cached', 'coalesce(sum(cached), 0)'],
  ['reasoning', 'coalesce(sum(reasoning), 0)'],
  ['cost', 'coalesce(sum(cost), 0)'],
  ['estimated', 'coalesce(sum(estimated), 0)'],
  ['without_usage', 'count(*) FILTER (WHERE attempt > 0 AND input IS NULL AND output IS NULL)'],
  ['without_cost', 'count(*) FILTER (WHERE attempt > 0 AND cost IS NULL)'],
]

/** The columns of a daily sum that are added up. */
export const sumColumns = measures.map(([column]) => column)

/**
 * Adds calls to the daily sums, in the order of their keys.
 *
 * @param from Names what has the calls.
 * @param sign `-` takes them away again. Default: adds them.
 */
export function addToSums(schema: string, from: string, sign: '' | '-' = ''): string {
  return `
    INSERT INTO ${schema}.sums AS kept (day, who, unit, ${sumColumns.join(', ')})
      SELECT (time / 86400000)::integer AS its_day, who, unit, ${measures.map(([, ofCalls]) => `${sign}(${ofCalls})`).join(', ')}
      FROM ${from} GROUP BY its_day, who, unit ORDER BY its_day, who, unit COLLATE "C"
      ON CONFLICT (day, who, unit) DO UPDATE SET ${sumColumns.map((column) => `${column} = kept.${column} + excluded.${column}`).join(', ')}`
}
