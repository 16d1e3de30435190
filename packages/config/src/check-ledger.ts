import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Problem, problem, warning } from './problem.js'
import type { SecretPlaces } from './read-secret.js'
import type { Config } from './schema.js'

/** The file of a ledger if the configuration names none. */
const defaultFile = 'ledger.db'

/**
 * Where the ledger of a configuration is: `ledger.sqlite`, or `ledger.db` beside the file of the store, or else in the folder of the store's default.
 *
 * @param directory The folder that relative paths begin at.
 * @param defaults The folder of files that the configuration does not name. Default: the same.
 * @returns The absolute path; `undefined` if the configuration has no ledger.
 */
export function ledgerFile(
  { ledger, store }: Pick<Config, 'ledger' | 'store'>,
  directory: string,
  defaults = directory,
): string | undefined {
  if (ledger === undefined) return undefined
  if (ledger.sqlite !== undefined) return resolve(directory, ledger.sqlite)
  return resolve(store?.sqlite === undefined ? defaults : dirname(resolve(directory, store.sqlite)), defaultFile)
}

/** Checks that one process can write `ledger`, into a file of its own. */
export function checkLedger(config: Config, { directory }: SecretPlaces, problems: Problem[]): void {
  const { ledger, store, replicas } = config
  const file = ledgerFile(config, directory)
  if (ledger === undefined || file === undefined) return
  if (replicas > 1)
    problems.push(
      problem(
        'ledger',
        'is a file on one machine, and "replicas" is more than 1: each replica would have a part of the calls.',
        'Remove it, and collect the lines of the log, or write replicas: 1. A ledger in PostgreSQL, for several replicas, is not there yet.',
      ),
    )
  const storeFile =
    store?.redis === undefined && store?.memory === undefined ? resolve(directory, store?.sqlite ?? 'postern.db') : undefined
  if (file === storeFile) problems.push(problem('ledger.sqlite', 'is the file of the store.', 'Write another path, such as ./ledger.db.'))
  if (!existsSync(dirname(file)))
    problems.push(
      warning('ledger.sqlite', `lies in the folder ${dirname(file)}, which is not there.`, 'Make the folder, or write another path.'),
    )
}
