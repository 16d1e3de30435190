import { existsSync } from 'node:fs'
import Database from 'libsql'
import { createPrivately } from '../create-privately.js'
import { inTransaction, type SqliteFile } from '../in-transaction.js'
import { calls } from './migrations/0001-calls.js'
import { sums } from './migrations/0002-sums.js'
import { readNumber, WrongFile } from '../wrong-file.js'

/** Marks a file as a ledger of Postern: "Pled" in ASCII. */
const applicationId = 0x506c6564

/** What each version has more than the one before. Never change one that was released: add another. */
const migrations: readonly string[] = [calls, sums]

/** How long a statement waits while another process writes, in milliseconds. Only threads of the ledger's own wait. */
const busyMs = 5000

/**
 * Opens the file of a ledger to write into it. A new file gets the schema, and one of a former version what it lacks.
 *
 * @throws {Error} that names the fault: no such folder, a damaged file, the file of another program, or of a newer Postern.
 */
export function openToWrite(file: string): SqliteFile {
  return open(createPrivately(file, 'ledger'), file, (database) => {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000')
    inTransaction(database, () => migrate(database, file))
  })
}

/**
 * Opens the file of a ledger to read it, also while a process writes into it.
 *
 * @throws {Error} that names the fault, also if there is no file, or one of a former version.
 */
export function openToRead(file: string): SqliteFile {
  if (!existsSync(file)) throw new Error(`There is no ledger ${file}: no process has written one yet.`)
  return open(file, file, (database) => {
    // The option `readonly` of the library has no effect.
    database.exec('PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -64000')
    const version = checkVersion(database, file)
    if (version < migrations.length)
      throw new WrongFile(`The ledger ${file} is of a former version (schema ${version}). Start Postern once, which brings it up to date.`)
  })
}

function open(path: string, file: string, prepare: (database: SqliteFile) => void): SqliteFile {
  let database: SqliteFile | undefined
  try {
    database = new Database(path)
    database.exec(`PRAGMA busy_timeout = ${busyMs}`)
    prepare(database)
    return database
  } catch (error) {
    database?.close()
    throw explain(error, file)
  }
}

function migrate(database: SqliteFile, file: string): void {
  const isNew = readNumber(database, 'SELECT count(*) FROM sqlite_schema') === 0
  const found = isNew ? 0 : checkVersion(database, file)
  for (const step of migrations.slice(found)) database.exec(step)
  if (found < migrations.length) database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`)
}

function checkVersion(database: SqliteFile, file: string): number {
  if (readNumber(database, 'PRAGMA application_id') !== applicationId)
    throw new WrongFile(`${file} is something else, not a ledger of Postern.`)
  const version = readNumber(database, 'PRAGMA user_version')
  if (version > migrations.length)
    throw new WrongFile(
      `The ledger ${file} was written by a newer Postern (schema ${version}, known here up to ${migrations.length}). Use that version, or another file.`,
    )
  return version
}

function explain(error: unknown, file: string): Error {
  if (error instanceof WrongFile) return error
  const { code = '', message } = error as { code?: string; message: string }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return new Error(`The ledger ${file} is damaged, or is no database at all (${code}). Move it away to begin with an empty one.`, {
      cause: error,
    })
  return new Error(`The ledger ${file} cannot be opened: ${message}.`, { cause: error })
}
