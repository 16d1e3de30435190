import type { CheckedConfig } from '@postern/config'
import type { KeyDates, KeyNotice } from './key-dates.js'
import type { KeySources, KeyTrouble } from './key-sources.js'

/** How the keys of a configuration are, for operators. */
export interface KeyStates {
  /** Keys whose sources do not give what they should. */
  troubles(): readonly KeyTrouble[]
  /** Keys that end, or should be replaced, within 14 days. */
  notices(): readonly KeyNotice[]
  /** Whether no binding leads to a key that could be used now. */
  areAllUnavailable(): boolean
  /** Settles when each source was asked once. */
  asked(): Promise<void>
}

export function createKeyStates({ config }: CheckedConfig, sources: KeySources, dates: KeyDates): KeyStates {
  const bound = [...new Set(config.bindings.map(({ key }) => key))]
  const sourced = bound.flatMap((alias) => sources.get(alias) ?? [])
  return {
    troubles: () => sources.troubles(),
    notices: () => dates.notices(),
    areAllUnavailable: () => bound.length > 0 && sourced.length === bound.length && sourced.every(({ lease }) => lease === undefined),
    asked: () => sources.asked(),
  }
}
