import type { LedgerPlace } from '@postern/config'
import type { LedgerReader } from '@postern/ports'
import type { PostgresPlace } from './ledger-address.js'

/**
 * Opens a reader of the ledger at a place, and loads the library of that place only.
 *
 * @param addressOf Finds the address of PostgreSQL, if the ledger is there.
 */
export async function openReader(place: LedgerPlace, addressOf: (place: PostgresPlace) => string): Promise<LedgerReader> {
  if ('file' in place) return (await import('@postern/stores/ledger')).createSqliteLedgerReader(place.file)
  const url = addressOf(place)
  const { createPostgresLedgerReader } = await import('@postern/stores/postgres-ledger')
  return createPostgresLedgerReader({ url, ...(place.schema === undefined ? {} : { schema: place.schema }) })
}
