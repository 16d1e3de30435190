import type { SqliteFile } from './open-sqlite-file.js'

/**
 * Does work on a file as its only writer, wholly or not at all.
 *
 * Every write goes through here. A prepared statement that finds the file busy stays half begun, since the
 * library does not reset it, and until it is run again nothing that others write is committed. `BEGIN` here is
 * no prepared statement, and behind it the file is not busy any more.
 */
export function inTransaction<T>(database: SqliteFile, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    throw error
  }
}
