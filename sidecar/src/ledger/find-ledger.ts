import { dirname, resolve } from 'node:path'
import { type LedgerPlace, placeOfLedger, readSecret } from '@postern/config'
import type { LedgerReader } from '@postern/ports'
import { Failure } from '../failure.js'
import { dotenvBeside, readDotenv } from '../load-config.js'
import { readYaml } from '../read-yaml.js'
import { stateFolder } from '../state-folder.js'
import { addressAt } from '../store-address.js'
import { writtenAddress } from './ledger-address.js'
import { openReader } from './open-reader.js'

/** Where a command looks for the ledger. */
export interface WhereToAsk {
  readonly config: string
  /** The file of a ledger, in place of the configuration's ledger. */
  readonly file?: string
}

/**
 * Asks the ledger of a configuration, beside the process that writes it. Reads where the ledger is and nothing else of the configuration:
 * the ledger can be asked also if the rest has a fault.
 *
 * @throws {Failure} if the configuration has no ledger, or the ledger cannot be read.
 */
export async function askLedger<Answer>({ config, file }: WhereToAsk, ask: (reader: LedgerReader) => Promise<Answer>): Promise<Answer> {
  let reader: LedgerReader | undefined
  try {
    reader = file === undefined ? await openConfigured(config) : await openFile(resolve(file))
    return await ask(reader)
  } catch (error) {
    throw error instanceof Failure ? error : new Failure((error as Error).message)
  } finally {
    await reader?.close()
  }
}

async function openFile(file: string): Promise<LedgerReader> {
  return (await import('@postern/stores/ledger')).createSqliteLedgerReader(file)
}

async function openConfigured(config: string): Promise<LedgerReader> {
  const { ledger, store } = (readYaml(config).raw ?? {}) as Readonly<Record<string, unknown>>
  if (typeof ledger !== 'object' || ledger === null)
    throw new Failure(
      `${config} has no ledger, so calls are in the log alone: one line for each, with "msg":"request".\nWrite  ledger: { keep: 90d }  and start Postern again. From then on "postern usage" adds up what is called.`,
    )
  const settings = { ledger: settingsIn(ledger), store: settingsIn(store) }
  const directory = dirname(resolve(config))
  const place = placeOfLedger(settings, directory, stateFolder(directory)) as LedgerPlace
  return openReader(place, (postgres) => addressIn(writtenAddress(postgres, settings), postgres.postgres, config))
}

function settingsIn(section: unknown): {
  readonly sqlite: string | undefined
  readonly schema: string | undefined
  readonly postgres: unknown
} {
  const settings = (typeof section === 'object' && section !== null ? section : {}) as Readonly<Record<string, unknown>>
  const textAt = (name: string): string | undefined => (typeof settings[name] === 'string' ? settings[name] : undefined)
  return { sqlite: textAt('sqlite'), schema: textAt('schema'), postgres: settings['postgres'] }
}

/** The address of PostgreSQL: as it is written, or the value of a reference to a variable of the process or of `.env`, or to a file. */
function addressIn(written: unknown, setting: string, config: string): string {
  if (typeof written === 'string') return written
  const { env: name, file } = (written ?? {}) as Readonly<Record<string, unknown>>
  const reference = typeof name === 'string' ? { env: name } : typeof file === 'string' ? { file } : undefined
  const fix = 'Write postgres://host:5432/database, { env: POSTGRES_URL } or { file: PATH }.'
  if (reference === undefined) throw new Failure(`${setting} is neither an address of PostgreSQL nor a reference to one. ${fix}`)
  const env = { ...readDotenv(dotenvBeside(resolve(config))), ...process.env }
  const result = readSecret(reference, { env, directory: dirname(resolve(config)) })
  if (!('secret' in result)) throw new Failure(`${setting} ${result.reason} ${result.fix}`)
  return addressAt(setting, written, new Map([[setting, result.secret]]))
}
