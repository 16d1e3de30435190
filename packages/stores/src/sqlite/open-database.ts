import Database from 'libsql'
import { createPrivately } from './create-privately.js'
import { inTransaction, type SqliteFile } from './in-transaction.js'
import { readNumber, WrongFile } from './wrong-file.js'

/**
 * How long a statement waits while another process writes, in milliseconds: once the file is open, and while it is
 * opened. The event loop waits too.
 */
const busyMs = 5
const busyAtStartMs = 2000

/**
 * Version of the schema below. A file with a newer one is refused. To change the schema, add the steps that migrate
 * from this one.
 */
const schemaVersion = 6

/** Marks a file as a store of Postern: "Pstn" in ASCII. */
const applicationId = 0x5073746e

// AUTOINCREMENT never gives a number twice, so a mark stays valid after its row is deleted.
const schema = `
  CREATE TABLE counted (key TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX counted_until ON counted (until);
  CREATE TABLE revocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL
  ) STRICT;
  CREATE INDEX revocations_until ON revocations (until);
  PRAGMA application_id = ${applicationId};
`

/** What version 2 has more: budgets. Every time is in milliseconds since the epoch. */
const budgetsSchema = `
  CREATE TABLE windows (
    id TEXT PRIMARY KEY, booked INTEGER NOT NULL, held INTEGER NOT NULL, ends INTEGER NOT NULL, forget INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX windows_forget ON windows (forget);
  CREATE TABLE reservations (id TEXT PRIMARY KEY, lease INTEGER NOT NULL, booked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX reservations_lease ON reservations (booked, lease);
  CREATE TABLE parts (
    reservation TEXT NOT NULL, place INTEGER NOT NULL, window TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (reservation, place)
  ) STRICT, WITHOUT ROWID;
`

/** What version 3 has more: locks. */
const locksSchema = `
  CREATE TABLE locks (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX locks_until ON locks (until);
`

/**
 * What version 4 has more: the key ring. Rows of batch 0 were written one by one; others are those of an import, seen once it is published.
 * Of a change, a row without an alias and a selector stands for all of them.
 */
const ringSchema = `
  CREATE TABLE ring_keys (
    alias TEXT NOT NULL, batch INTEGER NOT NULL, version INTEGER NOT NULL, row TEXT NOT NULL, PRIMARY KEY (alias, batch)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ring_keys_batch ON ring_keys (batch);
  CREATE TABLE ring_bindings (
    selector TEXT NOT NULL, batch INTEGER NOT NULL, alias TEXT NOT NULL, mac TEXT NOT NULL, PRIMARY KEY (selector, batch)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ring_bindings_alias ON ring_bindings (alias);
  CREATE INDEX ring_bindings_batch ON ring_bindings (batch);
  CREATE TABLE ring_batches (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, published INTEGER NOT NULL) STRICT;
  CREATE TABLE ring_changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, alias TEXT, selector TEXT) STRICT;
`

/**
 * What version 5 has more: notes of reservations. Of a reservation, `booked` is 0: its call is under way, 1: its lease ended and all of it was
 * booked, 2: it was settled, and its note alone is left, without parts.
 */
const notesSchema = 'ALTER TABLE reservations ADD COLUMN note TEXT;'

/** What version 6 has more: how often each secret of a key was sent. */
const usesSchema = `
  CREATE TABLE ring_uses (
    alias TEXT NOT NULL, since INTEGER NOT NULL, calls INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    PRIMARY KEY (alias, since)
  ) STRICT, WITHOUT ROWID;
`

/** What brings a file of each version, from 0 on, to the next one. */
const steps = [schema, budgetsSchema, locksSchema, ringSchema, notesSchema, usesSchema]

/**
 * Opens a store's file, and writes the schema if the file is new. A statement waits only `busyMs` for another
 * process; longer waits are `waitWhileBusy`'s.
 *
 * @throws {Error} that names the fault: no such folder, a damaged file, the file of another program, or of a newer
 *   Postern.
 */
export function openDatabase(file: string): SqliteFile {
  const real = createPrivately(file)
  let database: SqliteFile | undefined
  try {
    const opened = new Database(real)
    database = opened
    // If two processes start at once, each waits for the other here.
    database.exec(`PRAGMA busy_timeout = ${busyAtStartMs}`)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    inTransaction(opened, () => prepareSchema(opened, file))
    database.exec(`PRAGMA busy_timeout = ${busyMs}`)
    return database
  } catch (error) {
    database?.close()
    throw explain(error, file)
  }
}

function prepareSchema(database: SqliteFile, file: string): void {
  const found = readNumber(database, 'PRAGMA user_version')
  if (found === 0 && readNumber(database, 'SELECT count(*) FROM sqlite_schema') === 0) {
    database.exec(steps.join('') + setVersion)
  } else if (readNumber(database, 'PRAGMA application_id') !== applicationId) {
    throw new WrongFile(`${file} is a database of something else, not a store of Postern.`)
  } else if (found > schemaVersion) {
    throw new WrongFile(
      `The store ${file} was written by a newer Postern (schema ${found}, known here up to ${schemaVersion}). Use that version, or another file.`,
    )
  } else if (found < schemaVersion) database.exec(steps.slice(found).join('') + setVersion)
}

const setVersion = `PRAGMA user_version = ${schemaVersion};`

function explain(error: unknown, file: string): Error {
  if (error instanceof WrongFile) return error
  const { code = '', message } = error as { code?: string; message: string }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new Error(
      `The store ${file} is damaged, or is no database at all (${code}). Move it away to begin with an empty one; what was revoked is then forgotten.`,
      { cause: error },
    )
  }
  return new Error(`The store ${file} cannot be opened: ${message}.`, { cause: error })
}
