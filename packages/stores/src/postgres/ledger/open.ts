export { createPostgresLedger, type PostgresLedger, type PostgresLedgerOptions } from './open-ledger.js'
export { createPostgresLedgerReader } from './open-reader.js'
