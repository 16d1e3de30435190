import { type CheckedConfig, placeOfLedger } from '@postern/config'
import type { Ledger, Log } from '@postern/ports'
import { Failure } from '../failure.js'
import { stateFolder } from '../state-folder.js'
import { ledgerAddress } from './ledger-address.js'

/** A ledger that this process writes. */
export interface OpenLedger extends Ledger {
  /** Writes the entries that wait, and closes the ledger: after five seconds at the latest. */
  close(): Promise<void>
}

/**
 * Opens the ledger of a configuration, and loads the library of its place only; `undefined` if the configuration has no ledger. PostgreSQL
 * is not contacted yet: while it is down, calls are served, and their rows wait.
 *
 * @param directory The folder that relative paths begin at.
 * @throws {Failure} if the file cannot be used, or the address is not one of PostgreSQL.
 */
export async function openLedger(checked: CheckedConfig, directory: string, log: Log): Promise<OpenLedger | undefined> {
  const { config } = checked
  const place = placeOfLedger(config, directory, stateFolder(directory))
  if (place === undefined) return undefined
  const keepMs = config.ledger?.keep as number
  try {
    if ('file' in place) {
      const { createSqliteLedger } = await import('@postern/stores/ledger')
      return await createSqliteLedger({ file: place.file, keepMs, log })
    }
    const { createPostgresLedger } = await import('@postern/stores/postgres-ledger')
    const url = ledgerAddress(place, checked)
    return createPostgresLedger({ url, keepMs, log, ...(place.schema === undefined ? {} : { schema: place.schema }) })
  } catch (error) {
    throw new Failure(`The ledger cannot be opened: ${(error as Error).message}`)
  }
}
