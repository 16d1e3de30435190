import type { CallsQuestion, KeptCall } from '@postern/ports'
import { checkCallsQuestion, isFilter, isOfCall } from '../../ledger/usage-question.js'
import { callColumns, finishesOf, keptCallOf } from '../../ledger/workflow-call.js'
import type { SqliteFile } from '../in-transaction.js'
import { readRows } from './call-rows.js'

/** Reads single calls, the last ones first. */
export function readCalls(database: SqliteFile, question: CallsQuestion): readonly KeptCall[] {
  checkCallsQuestion(question)
  const { sinceMs, untilMs, only = {}, ended, requestId, most } = question
  const filters = Object.keys(only).filter(isFilter)
  const conditions = [
    'time >= ? AND time < ?',
    ...filters.map((field) => (isOfCall(field) ? `ifnull(${field}, '') = ?` : `who.${field} = ?`)),
    ...(ended === undefined ? [] : [`finish IN (${finishesOf[ended].map((finish) => `'${finish}'`).join(', ')})`]),
    ...(requestId === undefined ? [] : ['request_id = ?']),
  ]
  const values = [sinceMs, untilMs, ...filters.map((field) => only[field]), ...(requestId === undefined ? [] : [requestId]), most]
  const rest = `WHERE ${conditions.join(' AND ')} ORDER BY time DESC, calls.id DESC LIMIT ?`
  database.exec('BEGIN')
  try {
    return readRows(database, callColumns, rest, values).map(({ found, attempts }) => keptCallOf(found, attempts))
  } finally {
    database.exec('COMMIT')
  }
}
