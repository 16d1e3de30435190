import type { CallsQuestion, KeptCall, WorkflowRun } from '@postern/ports'
import { isFilter, isOfCall } from '../../ledger/usage-question.js'
import { callColumns, callOf, finishesOf, type FoundCall, keptCallOf, maxCalls, workflowColumns } from '../../ledger/workflow-call.js'
import type { AskRows } from './usage.js'

/** Reads the calls of a workflow, in the order of their arrival. @param team As in `LedgerReader.workflow`. */
export async function readWorkflow(ask: AskRows, schema: string, id: string, team: string | undefined): Promise<WorkflowRun> {
  const where = `WHERE workflow = $1${team === undefined ? '' : ' AND kept.team = $2'}`
  const values = team === undefined ? [id] : [id, team]
  const [total] = await ask(`SELECT count(*) FROM ${sourceOf(schema)} ${where}`, values)
  const rows = await readRows(ask, schema, workflowColumns, `${where} ORDER BY time, part.id LIMIT ${maxCalls}`, values)
  return { calls: rows.map(({ found, attempts }) => callOf(found, attempts)), total: Number(total?.[0]) }
}

/** Reads single calls, the last ones first. */
export async function readCalls(ask: AskRows, schema: string, question: CallsQuestion): Promise<readonly KeptCall[]> {
  const { sinceMs, untilMs, only = {}, ended, requestId, most } = question
  const filters = Object.keys(only).filter(isFilter)
  const values: unknown[] = [sinceMs, untilMs]
  const given = (value: unknown): string => `$${values.push(value)}`
  const conditions = [
    'part.time >= $1 AND part.time < $2',
    ...filters.map((field) => `${isOfCall(field) ? `coalesce(part.${field}, '')` : `kept."${field}"`} = ${given(only[field])}`),
    ...(ended === undefined ? [] : [`part.finish IN (${finishesOf[ended].map((finish) => `'${finish}'`).join(', ')})`]),
    ...(requestId === undefined ? [] : [`part.request_id = ${given(requestId)}`]),
  ]
  const rest = `WHERE ${conditions.join(' AND ')} ORDER BY part.time DESC, part.id DESC LIMIT ${given(most)}`
  const rows = await readRows(ask, schema, callColumns, rest, values)
  return rows.map(({ found, attempts }) => keptCallOf(found, attempts))
}

interface CallRow {
  readonly found: FoundCall
  readonly attempts: readonly (readonly [number, string])[]
}

/** @param columns What is read; the first one is `id`. */
async function readRows(
  ask: AskRows,
  schema: string,
  columns: readonly string[],
  rest: string,
  values: readonly unknown[],
): Promise<readonly CallRow[]> {
  const rows = await ask(
    `SELECT part.id::text, ${columns.slice(1).map(columnOf).join(', ')},
       ARRAY(SELECT attempt || ' ' || code FROM ${schema}.attempts WHERE call = part.id ORDER BY attempt)
     FROM ${sourceOf(schema)} ${rest}`,
    values,
  )
  return rows.map((row) => ({
    found: Object.fromEntries(columns.map((column, index) => [column, (row[index] ?? null) as string | number | null])),
    attempts: (row[columns.length] as readonly string[]).map((text): [number, string] => {
      const end = text.indexOf(' ')
      return [Number(text.slice(0, end)), text.slice(end + 1)]
    }),
  }))
}

function sourceOf(schema: string): string {
  return `${schema}.calls AS part JOIN ${schema}.who AS kept ON kept.id = part.who`
}

/** Whole numbers that JavaScript holds exactly come as numbers. */
function columnOf(name: string): string {
  if (['user', 'team', 'project', 'key', 'gateway', 'model'].includes(name)) return `kept."${name}"`
  return ['time', 'input', 'output', 'cost'].includes(name) ? `part.${name}::double precision` : `part.${name}`
}
