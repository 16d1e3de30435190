export { createSqliteLedger, type SqliteLedger, type SqliteLedgerOptions } from './open-ledger.js'
export { createSqliteLedgerReader } from './open-reader.js'
