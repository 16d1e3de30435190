import type { Tables } from '../migrate.js'
import { ledgerTables } from '../migrations/0001-ledger.js'

/** @param schema The schema's name between quotation marks. */
export function tablesOfLedger(schema: string): Tables {
  return { part: 'ledger', schema, migrations: [ledgerTables(schema)] }
}
