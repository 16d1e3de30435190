import { dirname, resolve } from 'node:path'
import { ledgerFile } from '@postern/config'
import type { LedgerReader } from '@postern/ports'
import { Failure } from '../failure.js'
import { readYaml } from '../read-yaml.js'
import { stateFolder } from '../state-folder.js'

/** Where a command looks for the ledger. */
export interface LedgerPlace {
  readonly config: string
  /** The file itself, in place of the configuration's. */
  readonly file?: string
}

/**
 * Asks the ledger of a configuration, beside the process that writes it. Reads where the ledger is and nothing else of the configuration:
 * it is wanted also where the rest has a fault.
 *
 * @throws {Failure} if the configuration has no ledger, or its file cannot be read.
 */
export async function askLedger<Answer>(place: LedgerPlace, ask: (reader: LedgerReader) => Promise<Answer>): Promise<Answer> {
  const path = place.file === undefined ? placeOf(place.config) : resolve(place.file)
  const { createSqliteLedgerReader } = await import('@postern/stores/ledger')
  const reader = createSqliteLedgerReader(path)
  try {
    return await ask(reader)
  } catch (error) {
    throw error instanceof Failure ? error : new Failure((error as Error).message)
  } finally {
    await reader.close()
  }
}

function placeOf(config: string): string {
  const { ledger, store } = (readYaml(config).raw ?? {}) as Readonly<Record<string, unknown>>
  if (typeof ledger !== 'object' || ledger === null)
    throw new Failure(
      `${config} has no ledger, so calls are in the log alone: one line for each, with "msg":"request".\nWrite  ledger: { keep: 90d }  and start Postern again. From then on "postern usage" adds up what is called.`,
    )
  const settings = { ledger: { keep: 0, sqlite: textOf(ledger, 'sqlite') }, store: { sqlite: textOf(store, 'sqlite') } }
  const directory = dirname(resolve(config))
  return ledgerFile(settings, directory, stateFolder(directory)) as string
}

function textOf(section: unknown, name: string): string | undefined {
  const value = typeof section === 'object' && section !== null ? (section as Readonly<Record<string, unknown>>)[name] : undefined
  return typeof value === 'string' ? value : undefined
}
