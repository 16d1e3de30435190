import { dayMs } from '../../ledger/day.js'
import { inTransaction, type SqliteFile } from '../in-transaction.js'

/** How many rows one step deletes: some milliseconds of work. */
const rowsOfStep = 2000

/**
 * Deletes some of what is older than `keepMs`, in whole days, so that rows and sums of a day go together.
 *
 * @returns Whether there may be more. If it deleted names, `forget` was called.
 */
export function deleteSome(database: SqliteFile, keepMs: number, forget: () => void): boolean {
  const firstDay = Math.floor((Date.now() - keepMs) / dayMs)
  const oldest = `SELECT id FROM calls WHERE time < ${firstDay * dayMs} ORDER BY time LIMIT ${rowsOfStep}`
  const steps = [
    () => {
      database.exec(`DELETE FROM attempts WHERE call IN (${oldest})`)
      return database.prepare(`DELETE FROM calls WHERE id IN (${oldest})`).run().changes
    },
    () =>
      database
        .prepare(`DELETE FROM sums WHERE (day, who, unit) IN (SELECT day, who, unit FROM sums WHERE day < ? LIMIT ${rowsOfStep})`)
        .run(firstDay).changes,
    () => {
      const { changes } = database
        .prepare(`DELETE FROM who WHERE id IN (SELECT id FROM who WHERE last_day < ? LIMIT ${rowsOfStep})`)
        .run(firstDay)
      if (changes > 0) forget()
      return changes
    },
  ]
  return inTransaction(database, () => steps.some((step) => step() > 0))
}
