import { type Config, ledgerFile } from '@postern/config'
import type { Log } from '@postern/ports'
import type { SqliteLedger } from '@postern/stores/ledger'
import { Failure } from '../failure.js'
import { stateFolder } from '../state-folder.js'

/**
 * Opens the ledger of a configuration; `undefined` if it has none.
 *
 * @param directory The folder that relative paths begin at.
 * @throws {Failure} if the file cannot be used.
 */
export async function openLedger(config: Config, directory: string, log: Log): Promise<SqliteLedger | undefined> {
  const file = ledgerFile(config, directory, stateFolder(directory))
  if (file === undefined) return undefined
  const { createSqliteLedger } = await import('@postern/stores/ledger')
  return createSqliteLedger({ file, keepMs: config.ledger?.keep as number, log }).catch((error: unknown) => {
    throw new Failure(`The ledger cannot be opened: ${(error as Error).message}`)
  })
}
