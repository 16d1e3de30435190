import { type Config, ledgerFile } from '@postern/config'
import type { LedgerReader } from '@postern/ports'
import { stateFolder } from '../state-folder.js'

/** A reader of the ledger that is opened when the first question is asked: most processes are never asked. */
export interface LazyReader {
  /** `undefined`: the configuration has no ledger. */
  open(): Promise<LedgerReader | undefined>
  close(): Promise<void>
}

/** @param directory The folder that relative paths begin at. */
export function createLazyReader(config: Config, directory: string): LazyReader {
  const file = ledgerFile(config, directory, stateFolder(directory))
  let reader: Promise<LedgerReader> | undefined
  const begin = async (path: string): Promise<LedgerReader> => (await import('@postern/stores/ledger')).createSqliteLedgerReader(path)
  return {
    open: async () => (file === undefined ? undefined : (reader ??= begin(file))),
    close: async () => (await reader)?.close(),
  }
}
