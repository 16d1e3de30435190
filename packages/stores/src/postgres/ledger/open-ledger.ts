import type { Log } from '@postern/ports'
import { type HearState, QueuedLedger, type StoredLedger, type WriterTold } from '../../ledger/queued-ledger.js'
import { createPostgresConnection } from '../connection.js'
import { defaultSchema, quoteSchema } from '../schema-name.js'
import { tablesOfLedger } from './ledger-tables.js'
import { createLedgerCounts } from './ledger-counts.js'
import { LedgerWriter } from './ledger-writer.js'

/** How long a group may take, in milliseconds. Calls do not wait for it. */
const answerMs = 10_000

/** Which PostgreSQL the ledger is in, and how long it keeps calls. */
export interface PostgresLedgerOptions {
  /** As that of a store in PostgreSQL. */
  readonly url: string
  /** The schema of the tables; it may be that of a store. Default: `postern`. */
  readonly schema?: string
  /** How long calls are kept, in milliseconds; whole days in UTC are deleted. Default: 90 days. */
  readonly keepMs?: number
  /** How many rows may wait until callers are slowed; twice as many are held at most. Default: 10,000. */
  readonly slowAt?: number
  /** Is told, once each, that rows are being lost, and that the database can be written again. Default: warnings of the process. */
  readonly log?: Log
  /** Is told why the ledger cannot be written, and `undefined` once it can be again. Default: nobody is. */
  readonly hearState?: HearState
}

/** A ledger in PostgreSQL. */
export type PostgresLedger = StoredLedger

/**
 * Opens a ledger in PostgreSQL (13 or newer). It is written in groups of up to 500 rows and at least every 50 ms, over one connection.
 * Several processes may write into one. While the database is gone, rows wait for it, up to twice `slowAt`; then new ones are lost and
 * counted. The database is not contacted yet: the first group makes the tables where they are missing.
 *
 * @throws {Error} if the URL is not one of PostgreSQL, or the schema is no plain name.
 */
export function createPostgresLedger(options: PostgresLedgerOptions): PostgresLedger {
  const { url, schema: name = defaultSchema, keepMs = 90 * 86_400_000, slowAt = 10_000, log = warnOfProcess, hearState } = options
  const schema = quoteSchema(name)
  const connection = createPostgresConnection({ url, most: 1, tables: tablesOfLedger(schema), answerMs })
  const counts = createLedgerCounts(connection.ask, schema)
  const begin = (told: WriterTold): LedgerWriter => new LedgerWriter({ connection, schema, keepMs }, told)
  return new QueuedLedger(begin, { place: { postgres: name }, slowAt, log, hearState, counts })
}

const warnOfProcess: Log = (_level, message, facts) => {
  process.emitWarning(`${message} ${JSON.stringify(facts)}`, { code: 'POSTERN_LEDGER' })
}
