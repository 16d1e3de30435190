import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'

/** The files that a configuration need not name. */
const defaultFiles = ['postern.db', 'ledger.db']

/**
 * The folder of the files that a configuration does not name, the store and the ledger: the first one of `$STATE_DIRECTORY`, which
 * systemd makes for a service (`StateDirectory=`), else that of the configuration.
 *
 * Exception: where one of these files lies beside the configuration already, it stays in use. A store that was left behind would
 * hold revocations that nobody reads.
 *
 * @param directory The folder of the configuration.
 */
export function stateFolder(directory: string, { STATE_DIRECTORY: given = '' }: NodeJS.ProcessEnv = process.env): string {
  const [first = ''] = given.split(':')
  if (!isAbsolute(first)) return directory
  return defaultFiles.some((name) => existsSync(resolve(directory, name))) ? directory : first
}
