import type { UsageField, UsageQuestion } from '@postern/ports'
import { dayMs } from '../../ledger/day.js'
import { plainMeasures, UsageAnswer } from '../../ledger/usage-answer.js'
import { isFilter, isOfCall, type Part } from '../../ledger/usage-question.js'
import { measures, sumColumns } from './measures.js'

/** Makes one statement of a reader, and gives its rows as lists of values. */
export type AskRows = (text: string, values: readonly unknown[]) => Promise<readonly (readonly unknown[])[]>

/** Reads the calls of one part of a time, and adds them to the answer. */
export async function readPart(
  ask: AskRows,
  schema: string,
  { by, only = {} }: UsageQuestion,
  { from, first, last }: Part,
  answer: UsageAnswer,
): Promise<void> {
  const day = from === 'sums' ? 'part.day' : `(part.time / ${dayMs})::integer`
  const ofTable = (field: UsageField): string =>
    field === 'day' ? day : isOfCall(field) ? `coalesce(part.${field}, '')` : `kept."${field}"`
  const filters = Object.keys(only).filter(isFilter)
  const needsNames = [...by, ...filters].some((field) => field !== 'day' && !isOfCall(field))
  const grouped = [...by.map(ofTable), 'part.unit']
  const sums = measures.map(([column, ofCalls]) => (from === 'sums' ? `sum(part.${column})` : ofCalls))
  const rows = await ask(
    `SELECT ${[...grouped, ...sums].join(', ')}
     FROM ${schema}.${from} AS part ${needsNames ? `JOIN ${schema}.who AS kept ON kept.id = part.who` : ''}
     WHERE ${from === 'sums' ? 'part.day' : 'part.time'} >= $1 AND ${from === 'sums' ? 'part.day' : 'part.time'} < $2
       ${filters.map((field, index) => `AND ${ofTable(field)} = $${index + 3}`).join(' ')}
     GROUP BY ${grouped.map((_, index) => index + 1).join(', ')}`,
    [first, last, ...filters.map((field) => only[field])],
  )
  for (const row of rows) {
    const [unit, ...found] = row.slice(by.length) as string[]
    const measured = (name: string): string => found[sumColumns.indexOf(name)] as string
    answer.add(row.slice(0, by.length) as (string | number)[], {
      unit: unit as string,
      measures: plainMeasures.map((name) => Number(measured(name))),
      cost: BigInt(measured('cost')),
    })
  }
}
