import type Database from 'libsql'

/** An open SQLite file. */
export type SqliteFile = InstanceType<typeof Database>

/**
 * Runs `work` as the only writer of the file, wholly or not at all.
 *
 * Every write goes through here. A prepared statement that meets a busy file stays open, since the library does not
 * reset it; until it runs again, later writes are not committed. `exec('BEGIN IMMEDIATE')` is not a prepared
 * statement, and once it has succeeded the file is not busy.
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
