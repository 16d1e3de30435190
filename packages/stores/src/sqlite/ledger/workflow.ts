import type { WorkflowRun } from '@postern/ports'
import { callOf, maxCalls, workflowColumns } from '../../ledger/workflow-call.js'
import type { SqliteFile } from '../in-transaction.js'

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
        `SELECT calls.id AS id, ${workflowColumns.slice(1).join(', ')} FROM calls JOIN who ON who.id = calls.who
         ${where} ORDER BY time, calls.id LIMIT ${maxCalls}`,
      )
      .raw()
      .all(...of) as (string | number | null)[][]
    const attempts = database.prepare('SELECT attempt, code FROM attempts WHERE call = ? ORDER BY attempt').raw()
    const calls = rows.map((row) => {
      const found = Object.fromEntries(workflowColumns.map((column, index) => [column, row[index] ?? null]))
      return callOf(found, attempts.all(found['id']) as [number, string][])
    })
    return { calls, total }
  } finally {
    database.exec('COMMIT')
  }
}
