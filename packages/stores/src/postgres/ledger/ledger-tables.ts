import type { Tables } from '../migrate.js'
import { ledgerTables } from '../migrations/0001-ledger.js'
import { appendOnce } from '../migrations/0002-ledger-once.js'
import { ledgerCounts } from '../migrations/0003-ledger-counts.js'

/** @param schema The schema's name between quotation marks. */
export function tablesOfLedger(schema: string): Tables {
  return { part: 'ledger', schema, migrations: [ledgerTables(schema), appendOnce(schema), ledgerCounts(schema)] }
}
