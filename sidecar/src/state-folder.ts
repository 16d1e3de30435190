import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'

/** The file of the embedded store if the configuration names no store; in the folder of {@link stateFolder}. */
export const defaultStoreFile = 'postern.db'

/** The files that Postern uses if the configuration does not name them. */
const defaultFiles = [defaultStoreFile, 'ledger.db']

/**
 * The folder of the files that a configuration does not name, the store and the ledger: the first one of `$STATE_DIRECTORY`, which
 * systemd makes for a service (`StateDirectory=`), else the folder of the configuration.
 *
 * Exception: where one of these files lies beside the configuration already, it stays in use. If a store were left behind, no process
 * would read the revocations in it.
 *
 * @param directory The folder of the configuration.
 */
export function stateFolder(directory: string, { STATE_DIRECTORY: given = '' }: NodeJS.ProcessEnv = process.env): string {
  const [first = ''] = given.split(':')
  if (!isAbsolute(first)) return directory
  return defaultFiles.some((name) => existsSync(resolve(directory, name))) ? directory : first
}
