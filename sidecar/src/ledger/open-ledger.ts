import { type CheckedConfig, placeOfLedger } from '@postern/config'
import type { Ledger, Log, Witness } from '@postern/ports'
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
 * @param witness Is told that the ledger cannot be written, and that it can be again.
 * @throws {Failure} if the file cannot be used, or the address is not one of PostgreSQL.
 */
export async function openLedger(checked: CheckedConfig, directory: string, log: Log, witness: Witness): Promise<OpenLedger | undefined> {
  const { config } = checked
  const place = placeOfLedger(config, directory, stateFolder(directory))
  if (place === undefined) return undefined
  const keepMs = config.ledger?.keep as number
  const hearState = tellState(witness)
  try {
    if ('file' in place) {
      const { createSqliteLedger } = await import('@postern/stores/ledger')
      return await createSqliteLedger({ file: place.file, keepMs, log, hearState })
    }
    const { createPostgresLedger } = await import('@postern/stores/postgres-ledger')
    const url = ledgerAddress(place, checked)
    return createPostgresLedger({ url, keepMs, log, hearState, ...(place.schema === undefined ? {} : { schema: place.schema }) })
  } catch (error) {
    throw new Failure(`The ledger cannot be opened: ${(error as Error).message}`)
  }
}

function tellState(witness: Witness): (reason: string | undefined) => void {
  let lostAt = 0
  return (reason) => {
    if (reason === undefined) {
      witness({ type: 'ledger_back', afterMs: Math.round(performance.now() - lostAt) })
      return
    }
    lostAt = performance.now()
    witness({ type: 'ledger_lost', reason })
  }
}
