import { type CheckedConfig, placeOfLedger } from '@postern/config'
import type { LedgerReader } from '@postern/ports'
import { stateFolder } from '../state-folder.js'
import { ledgerAddress } from './ledger-address.js'
import { openReader } from './open-reader.js'

/** A reader of the ledger that is opened at the first question: most processes never get one. */
export interface LazyReader {
  /** Opens the reader. If that fails, the next call tries again. `undefined`: the configuration has no ledger. */
  open(): Promise<LedgerReader | undefined>
  /** Closes the reader, if it was opened. */
  close(): Promise<void>
}

/** @param directory The folder that relative paths begin at. */
export function createLazyReader(checked: Pick<CheckedConfig, 'config' | 'secrets'>, directory: string): LazyReader {
  const place = placeOfLedger(checked.config, directory, stateFolder(directory))
  let reader: Promise<LedgerReader> | undefined

  return {
    async open() {
      if (place === undefined) return undefined
      reader ??= openReader(place, (postgres) => ledgerAddress(postgres, checked)).catch((error: unknown) => {
        reader = undefined
        throw error
      })
      return reader
    },
    close: async () => (await reader?.catch(() => undefined))?.close(),
  }
}
