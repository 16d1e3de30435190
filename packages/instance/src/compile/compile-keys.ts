import type { CheckedConfig } from '@postern/config'
import type { Gateway } from '@postern/core'
import type { LiveSecrets, Log, Uses, Witness } from '@postern/ports'
import { KeyDates } from '../keys/key-dates.js'
import { KeySources } from '../keys/key-sources.js'
import { createKeyStates, type KeyStates } from '../keys/key-states.js'
import type { CompileOptions } from './compile-options.js'
import type { Leases } from './leases.js'

/** What the keys of a configuration need. */
export interface KeysNeed {
  readonly checked: CheckedConfig
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly uses: Uses
  readonly live: LiveSecrets
  readonly leases: Leases
  readonly options: Pick<CompileOptions, 'witness' | 'log' | 'asksSources'>
}

// Functions of their own: sources outlive the configuration that they were opened for, and what they keep must not keep it.
const tellNobody: Witness = () => {}
const dropLine: Log = () => {}

/** Opens the sources of keys. The witness that is returned tells them of keys that gateways refuse. */
export function compileKeys({ checked, options, leases, uses, ...rest }: KeysNeed): {
  readonly sources: KeySources
  readonly states: KeyStates
  readonly witness: Witness
} {
  const { witness = tellNobody, log = dropLine, asksSources = true } = options
  const markTwin = (alias: string): void => leases.markTwin(alias)
  const sources = new KeySources({ checked, uses, witness, markTwin, asks: asksSources, ...rest })
  const dates = new KeyDates(checked, sources)
  if (asksSources) uses.until(dates.tell(log))
  const suspecting: Witness = (event) => {
    if (event.type === 'key_rejected') sources.suspect(event.key)
    witness(event)
  }
  return {
    sources,
    states: createKeyStates(checked, sources, dates, (alias) => leases.of(alias)),
    witness: sources.size === 0 ? witness : suspecting,
  }
}
