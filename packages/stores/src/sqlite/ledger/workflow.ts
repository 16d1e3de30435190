import type { WorkflowRun } from '@postern/ports'
import { callOf, maxCalls, workflowColumns } from '../../ledger/workflow-call.js'
import type { SqliteFile } from '../in-transaction.js'
import { readRows } from './call-rows.js'

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
    const rows = readRows(database, workflowColumns, `${where} ORDER BY time, calls.id LIMIT ${maxCalls}`, of)
    const calls = rows.map(({ found, attempts }) => callOf(found, attempts))
    return { calls, total }
  } finally {
    database.exec('COMMIT')
  }
}
