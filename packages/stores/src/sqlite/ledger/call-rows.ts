import type { FoundCall } from '../../ledger/workflow-call.js'
import type { SqliteFile } from '../in-transaction.js'

/** A row of a call, with the attempts that were followed by another. */
interface CallRow {
  readonly found: FoundCall
  readonly attempts: readonly [number, string][]
}

/**
 * Reads rows of calls with the names of their callers.
 *
 * @param columns What is read; the first one is `id`.
 * @param rest The conditions, the order and the bound of the query.
 */
export function readRows(
  database: SqliteFile,
  [, ...columns]: readonly string[],
  rest: string,
  values: readonly unknown[],
): readonly CallRow[] {
  const names = ['id', ...columns]
  const rows = database
    .prepare(`SELECT calls.id AS id, ${columns.join(', ')} FROM calls JOIN who ON who.id = calls.who ${rest}`)
    .raw()
    .all(...values) as (string | number | null)[][]
  const attempts = database.prepare('SELECT attempt, code FROM attempts WHERE call = ? ORDER BY attempt').raw()
  return rows.map((row) => {
    const found = Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]))
    return { found, attempts: attempts.all(found['id']) as [number, string][] }
  })
}
