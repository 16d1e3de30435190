import type { SqliteFile } from './in-transaction.js'

/** An undamaged file that this Postern cannot use. */
export class WrongFile extends Error {}

/** The number that a query answers with, such as `PRAGMA user_version`. */
export function readNumber(database: SqliteFile, query: string): number {
  return (database.prepare(query).raw().get() as [number])[0]
}
