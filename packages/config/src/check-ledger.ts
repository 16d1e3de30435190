import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Secret } from '@postern/ports'
import { checkPostgres, type PostgresSetting } from './check-postgres.js'
import { type Problem, problem, warning } from './problem.js'
import type { SecretPlaces } from './read-secret.js'
import type { Config } from './schema.js'

/** The file of a ledger if the configuration names none. */
const defaultFile = 'ledger.db'

/** Where a ledger is: in a file, or in the PostgreSQL that a setting leads to. */
export type LedgerPlace = { readonly file: string } | { readonly postgres: PostgresSetting; readonly schema: string | undefined }

/** What `ledger` or `store` says of a place. The address of PostgreSQL may be anything that is written there. */
interface PlaceSettings {
  readonly sqlite?: string | undefined
  readonly postgres?: unknown
  readonly schema?: string | undefined
}

/** The settings that decide where a ledger is. */
export interface LedgerSettings {
  readonly ledger?: PlaceSettings | undefined
  readonly store?: PlaceSettings | undefined
}

/**
 * Where the ledger of a configuration is: where `ledger.postgres` or `ledger.sqlite` says; else in the PostgreSQL of the store; else in
 * `ledger.db` beside the file of the store, or beside the configuration.
 *
 * @param directory The folder that relative paths begin at.
 * @param defaults The folder of files that the configuration does not name. Default: the same.
 * @returns `undefined` if the configuration has no ledger.
 */
export function placeOfLedger({ ledger, store }: LedgerSettings, directory: string, defaults = directory): LedgerPlace | undefined {
  if (ledger === undefined) return undefined
  if (ledger.postgres !== undefined) return { postgres: 'ledger.postgres', schema: ledger.schema }
  if (ledger.sqlite !== undefined) return { file: resolve(directory, ledger.sqlite) }
  if (store?.postgres !== undefined) return { postgres: 'store.postgres', schema: ledger.schema ?? store.schema }
  return { file: resolve(store?.sqlite === undefined ? defaults : dirname(resolve(directory, store.sqlite)), defaultFile) }
}

/** Checks that every process can write `ledger`: a file of its own for one, PostgreSQL for several. */
export function checkLedger(config: Config, secrets: ReadonlyMap<string, Secret>, { directory }: SecretPlaces, problems: Problem[]): void {
  const { ledger, replicas } = config
  const place = placeOfLedger(config, directory)
  if (config.store?.redis !== undefined && (config.limits?.rules.length ?? 0) > 0 && (place === undefined || 'file' in place))
    problems.push(
      warning(
        'store.redis',
        'keeps the counts of limits, and no ledger in PostgreSQL has them too: a Redis that loses writes lets through again what they counted.',
        'Write ledger: { postgres: { env: POSTGRES_URL } }, from which they are built anew (docs/limits.md#a-redis-that-lost-writes).',
      ),
    )
  if (ledger === undefined || place === undefined) return
  if (ledger.sqlite !== undefined && ledger.postgres !== undefined)
    problems.push(problem('ledger', 'must say one place.', 'Write sqlite: ./ledger.db or postgres: { env: POSTGRES_URL }.'))
  checkPostgres('ledger.postgres', ledger.postgres, secrets, problems)
  if (!('file' in place)) return
  if (ledger.schema !== undefined) problems.push(problem('ledger.schema', 'is for PostgreSQL, and the ledger is in a file.', 'Remove it.'))
  if (replicas > 1)
    problems.push(
      problem(
        'ledger',
        'is a file on one machine, and "replicas" is more than 1: each replica would have a part of the calls.',
        'Write ledger: { postgres: { env: POSTGRES_URL } }, into which all of them write; or remove it, and collect the lines of the log.',
      ),
    )
  checkFile(place.file, config, directory, problems)
}

function checkFile(file: string, { store }: Config, directory: string, problems: Problem[]): void {
  const isStoreFile = store?.redis === undefined && store?.postgres === undefined && store?.memory === undefined
  if (isStoreFile && file === resolve(directory, store?.sqlite ?? 'postern.db'))
    problems.push(problem('ledger.sqlite', 'is the file of the store.', 'Write another path, such as ./ledger.db.'))
  if (!existsSync(dirname(file)))
    problems.push(
      warning('ledger.sqlite', `lies in the folder ${dirname(file)}, which is not there.`, 'Make the folder, or write another path.'),
    )
}
