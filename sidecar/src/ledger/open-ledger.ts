import { type CheckedConfig, placeOfLedger } from '@postern/config'
import type { Ledger, Log } from '@postern/ports'
import { Failure } from '../failure.js'
import { stateFolder } from '../state-folder.js'
import { addressAt } from '../store-address.js'

/** A ledger that is written by this process. */
export interface OpenLedger extends Ledger {
  /** Writes what waits, and ends: after five seconds at the latest. */
  close(): Promise<void>
}

/**
 * Opens the ledger of a configuration, and loads the library of its place only; `undefined` if it has none. A PostgreSQL is not contacted
 * yet: while it is gone, calls are served, and their rows wait.
 *
 * @param directory The folder that relative paths begin at.
 * @throws {Failure} if the file cannot be used, or the address is not one of PostgreSQL.
 */
export async function openLedger({ config, secrets }: CheckedConfig, directory: string, log: Log): Promise<OpenLedger | undefined> {
  const place = placeOfLedger(config, directory, stateFolder(directory))
  if (place === undefined) return undefined
  const keepMs = config.ledger?.keep as number
  try {
    if ('file' in place) {
      const { createSqliteLedger } = await import('@postern/stores/ledger')
      return await createSqliteLedger({ file: place.file, keepMs, log })
    }
    const { createPostgresLedger } = await import('@postern/stores/postgres-ledger')
    const written = place.postgres === 'store.postgres' ? config.store?.postgres : config.ledger?.postgres
    const url = addressAt(place.postgres, written, secrets)
    return createPostgresLedger({ url, keepMs, log, ...(place.schema === undefined ? {} : { schema: place.schema }) })
  } catch (error) {
    throw new Failure(`The ledger cannot be opened: ${(error as Error).message}`)
  }
}
