import type { WorkflowCall, WorkflowRun } from '@postern/ports'
import type { SqliteFile } from '../in-transaction.js'

/** The most calls of one workflow that are read. */
const maxCalls = 10_000

const columns = [
  'id',
  'request_id',
  'step',
  'parent_step',
  'time',
  'duration_ms',
  'user',
  'team',
  'project',
  'key',
  'gateway',
  'model',
  'status',
  'code',
  'finish',
  'input',
  'output',
  'cost',
  'unit',
]

type Found = Readonly<Record<string, string | number | null>>

/**
 * Reads the calls of a workflow, in the order of their arrival.
 *
 * @param team Only calls of this team; the empty text stands for calls without one. `undefined`: every call.
 */
export function readWorkflow(database: SqliteFile, id: string, team: string | undefined): WorkflowRun {
  const of = team === undefined ? [id] : [id, team]
  const where = `WHERE workflow = ?${team === undefined ? '' : ' AND team = ?'}`
  database.exec('BEGIN')
  try {
    const [total] = database
      .prepare(`SELECT count(*) FROM calls JOIN who ON who.id = calls.who ${where}`)
      .raw()
      .get(...of) as [number]
    const rows = database
      .prepare(
        `SELECT calls.id AS id, ${columns.slice(1).join(', ')} FROM calls JOIN who ON who.id = calls.who
         ${where} ORDER BY time, calls.id LIMIT ${maxCalls}`,
      )
      .raw()
      .all(...of) as (string | number | null)[][]
    const attempts = database.prepare('SELECT attempt, code FROM attempts WHERE call = ? ORDER BY attempt').raw()
    const calls = rows.map((row) => {
      const found = Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null]))
      return callOf(found, attempts.all(found['id']) as [number, string][])
    })
    return { calls, total }
  } finally {
    database.exec('COMMIT')
  }
}

function callOf(found: Found, attempts: readonly (readonly [number, string])[]): WorkflowCall {
  const text = <Name extends string>(name: Name, column: string): Readonly<Partial<Record<Name, string>>> =>
    (typeof found[column] === 'string' && found[column] !== '' ? { [name]: found[column] } : {}) as Partial<Record<Name, string>>
  const number = <Name extends string>(name: Name): Readonly<Partial<Record<Name, number>>> =>
    (typeof found[name] === 'number' ? { [name]: found[name] } : {}) as Partial<Record<Name, number>>
  const { cost, unit } = found
  return {
    requestId: String(found['request_id']),
    ...text('step', 'step'),
    ...text('parentStep', 'parent_step'),
    startMs: Number(found['time']),
    durationMs: Number(found['duration_ms']),
    ...text('user', 'user'),
    ...text('team', 'team'),
    ...text('project', 'project'),
    ...text('key', 'key'),
    ...text('gateway', 'gateway'),
    ...text('model', 'model'),
    status: Number(found['status']),
    ...text('code', 'code'),
    ...text('finish', 'finish'),
    earlier: attempts.map(([attempt, code]) => ({ attempt, code })),
    ...number('input'),
    ...number('output'),
    ...(typeof cost === 'number' ? { cost: { unit: String(unit), amount: BigInt(cost) } } : {}),
  }
}
