import type { CheckedConfig } from '@postern/config'
import { type KeyLease, type KeyTrial, tryKey } from '@postern/core'
import type { KeyDates, KeyNotice } from './key-dates.js'
import type { KeySources, KeyTrouble } from './key-sources.js'

/** How the keys of a configuration are, for operators. */
export interface KeyStates {
  /** The aliases of the keys that come from sources. */
  sourced(): readonly string[]
  /** Keys whose sources do not give what they should. */
  troubles(): readonly KeyTrouble[]
  /** Keys that end, or should be replaced, within 14 days. */
  notices(): readonly KeyNotice[]
  /** Whether no binding leads to a key that could be used now. */
  areAllUnavailable(): boolean
  /** Settles when each source was asked once. */
  asked(): Promise<void>
  /** Tries a key at its gateway, with a call that costs nothing. */
  try(alias: string, signal: AbortSignal): Promise<KeyTrial>
}

/** @param leaseOf The lease of a key that comes from no source. */
export function createKeyStates(
  { config }: CheckedConfig,
  sources: KeySources,
  dates: KeyDates,
  leaseOf: (alias: string) => KeyLease,
): KeyStates {
  // Without sources nothing is unavailable, and there may be 100,000 bindings.
  const bound = sources.size === 0 ? [] : [...new Set(config.bindings.map(({ key }) => key))]
  const sourced = bound.flatMap((alias) => sources.get(alias) ?? [])
  return {
    sourced: () => sources.aliases,
    troubles: () => sources.troubles(),
    notices: () => dates.notices(),
    areAllUnavailable: () => bound.length > 0 && sourced.length === bound.length && sourced.every(({ lease }) => lease === undefined),
    asked: () => sources.asked(),
    async try(alias, signal) {
      const sourced = sources.get(alias)
      const lease = sourced === undefined ? leaseOf(alias) : sourced.lease
      return lease === undefined ? { outcome: 'unknown', reason: 'Its source gave no value.' } : tryKey(lease, signal)
    },
  }
}
