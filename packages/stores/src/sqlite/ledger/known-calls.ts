import { finishPlace, idPlace, timePlace } from '../../ledger/row-values.js'
import { callIdOf } from '../../ledger/row.js'
import type { SqliteFile } from '../in-transaction.js'
import { addToSums } from './measures.js'

/** The calls that the file has. */
export interface KnownCalls {
  /**
   * Makes room for a call that the file may have already: of two entries of one call the one that is not `interrupted` stays, and else the
   * first.
   *
   * @param values As `valuesOf` gives them.
   * @returns Whether the call is to be written: the file has no entry of it any more.
   */
  makeRoom(values: readonly unknown[]): boolean
}

/** Calls are found by the millisecond of their arrival, which has an index, and among those by their id. */
export function createKnownCalls(database: SqliteFile): KnownCalls {
  const ofTime = database.prepare('SELECT id, request_id, finish FROM calls WHERE time = ?').raw()
  const takeFromSums = database.prepare(addToSums('id = ?', '-'))
  const deleteAttempts = database.prepare('DELETE FROM attempts WHERE call = ?')
  const deleteCall = database.prepare('DELETE FROM calls WHERE id = ?')
  return {
    makeRoom(values) {
      const callId = callIdOf(values[idPlace] as string)
      const found = (ofTime.all(values[timePlace]) as [number, string, string][]).filter(([, id]) => callIdOf(id) === callId)
      const replaced = values[finishPlace] === 'interrupted' ? [] : found.filter(([, , finish]) => finish === 'interrupted')
      for (const [id] of replaced) for (const statement of [takeFromSums, deleteAttempts, deleteCall]) statement.run(id)
      return replaced.length === found.length
    },
  }
}
