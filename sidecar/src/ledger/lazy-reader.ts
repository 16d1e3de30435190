import type { CheckedConfig } from '@postern/config'
import { placeOfLedger } from '@postern/config'
import type { LedgerReader } from '@postern/ports'
import { addressAt } from '../store-address.js'
import { stateFolder } from '../state-folder.js'

/** A reader of the ledger that is opened when the first question is asked: most processes are never asked. */
export interface LazyReader {
  /** `undefined`: the configuration has no ledger. */
  open(): Promise<LedgerReader | undefined>
  close(): Promise<void>
}

/** @param directory The folder that relative paths begin at. */
export function createLazyReader({ config, secrets }: Pick<CheckedConfig, 'config' | 'secrets'>, directory: string): LazyReader {
  const place = placeOfLedger(config, directory, stateFolder(directory))
  let reader: Promise<LedgerReader> | undefined

  async function begin(): Promise<LedgerReader> {
    if (place !== undefined && 'file' in place) return (await import('@postern/stores/ledger')).createSqliteLedgerReader(place.file)
    const { postgres, schema } = place as Exclude<typeof place, undefined | { readonly file: string }>
    const written = postgres === 'store.postgres' ? config.store?.postgres : config.ledger?.postgres
    const url = addressAt(postgres, written, secrets)
    const { createPostgresLedgerReader } = await import('@postern/stores/postgres-ledger')
    return createPostgresLedgerReader({ url, ...(schema === undefined ? {} : { schema }) })
  }

  return {
    open: async () => (place === undefined ? undefined : (reader ??= begin())),
    close: async () => (await reader)?.close(),
  }
}
