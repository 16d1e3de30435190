import type { CheckedConfig, LedgerPlace } from '@postern/config'
import { addressAt } from '../store-address.js'

/** A ledger in the PostgreSQL that a setting leads to. */
export type PostgresPlace = Exclude<LedgerPlace, { readonly file: string }>

interface LedgerSettings {
  readonly ledger?: { readonly postgres?: unknown } | undefined
  readonly store?: { readonly postgres?: unknown } | undefined
}

/** What is written at the setting of a ledger's PostgreSQL: the address, or a reference to it. */
export function writtenAddress({ postgres }: PostgresPlace, { ledger, store }: LedgerSettings): unknown {
  return postgres === 'store.postgres' ? store?.postgres : ledger?.postgres
}

/** The address of a ledger's PostgreSQL. */
export function ledgerAddress(place: PostgresPlace, { config, secrets }: Pick<CheckedConfig, 'config' | 'secrets'>): string {
  return addressAt(place.postgres, writtenAddress(place, config), secrets)
}
