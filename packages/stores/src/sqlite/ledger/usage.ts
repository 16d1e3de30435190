import type { UsageField, UsageQuestion, UsageRow } from '@postern/ports'
import { dayMs } from '../../ledger/day.js'
import { plainMeasures, UsageAnswer } from '../../ledger/usage-answer.js'
import { checkQuestion, isFilter, isOfCall, type Part, partsWithin } from '../../ledger/usage-question.js'
import type { SqliteFile } from '../in-transaction.js'
import { measures } from './measures.js'

/** Answers a question from the file, part by part, as it is when the question is asked. */
export function readUsage(database: SqliteFile, question: UsageQuestion, progress: (done: number) => void): readonly UsageRow[] {
  checkQuestion(question)
  const answer = new UsageAnswer(question.by)
  database.exec('BEGIN')
  try {
    const [oldest] = database.prepare('SELECT min(time) FROM calls').raw().get() as [number | null]
    const [newest] = database.prepare('SELECT max(time) FROM calls').raw().get() as [number | null]
    const parts = partsWithin(question, oldest ?? undefined, newest ?? undefined)
    for (const [index, part] of parts.entries()) {
      readPart(database, question, part, answer)
      progress((index + 1) / parts.length)
    }
  } finally {
    database.exec('COMMIT')
  }
  return answer.rows()
}

function readPart(database: SqliteFile, { by, only = {} }: UsageQuestion, { from, first, last }: Part, answer: UsageAnswer): void {
  const day = from === 'sums' ? 'day' : `time / ${dayMs}`
  const ofFile = (field: UsageField): string => (field === 'day' ? day : isOfCall(field) ? `ifnull(${field}, '')` : `who.${field}`)
  const filters = Object.keys(only).filter(isFilter)
  const sums = measures.map(([column, ofCalls]) => (from === 'sums' ? `sum(${column})` : ofCalls))
  const place = (name: string): string => sums[measures.findIndex(([column]) => column === name)] as string
  // Two integers below 2^53 for an amount, however many were added.
  const whole = `${place('cost_whole')} + ${place('cost_rest')} / 1000000000`
  const rest = `${place('cost_rest')} % 1000000000`
  const columns = measures.map(([name], index) =>
    name === 'cost_whole' ? whole : name === 'cost_rest' ? rest : `CAST(${sums[index]} AS REAL)`,
  )
  const grouped = [...by.map(ofFile), 'unit']
  // Without names to group by, or to choose by, the names are not read.
  const needsNames = [...by, ...filters].some((field) => field !== 'day' && !isOfCall(field))
  const within = from === 'sums' ? 'day >= ? AND day < ?' : 'time >= ? AND time < ?'
  // The sums of several days are added up before the names are looked up: once for each who, and not for each day.
  const source = from === 'sums' && needsNames ? `(${sumsOfAll(by.includes('day'), within)}) AS sums` : from
  const query = `
    SELECT ${[...grouped, ...columns].join(', ')}
    FROM ${source} ${needsNames ? `JOIN who ON who.id = ${from}.who` : ''}
    WHERE ${source === from ? within : 'true'}
      ${filters.map((field) => `AND ${ofFile(field)} = ?`).join(' ')}
    GROUP BY ${grouped.map((_, index) => index + 1).join(', ')}`
  const rows = database
    .prepare(query)
    .raw()
    .all(first, last, ...filters.map((field) => only[field])) as (string | number)[][]
  for (const row of rows) {
    const [unit, ...found] = row.slice(by.length) as [string, ...number[]]
    const measured = (name: string): number => found[measures.findIndex(([column]) => column === name)] as number
    const cost = BigInt(measured('cost_whole')) * 1_000_000_000n + BigInt(measured('cost_rest'))
    answer.add(row.slice(0, by.length), { unit, measures: plainMeasures.map(measured), cost })
  }
}

function sumsOfAll(isByDay: boolean, within: string): string {
  const grouped = ['who', 'unit', ...(isByDay ? ['day'] : [])].join(', ')
  return `SELECT ${grouped}, ${measures.map(([column]) => `sum(${column}) AS ${column}`).join(', ')} FROM sums WHERE ${within} GROUP BY ${grouped}`
}
