import type { KeyStates } from '@postern/instance'
import { listed } from './listed.js'
import type { Loss } from './losses.js'
import type { Trouble } from './watch-store.js'

/** A part of the process that does not work as it should, while other parts do. */
export interface Impaired extends Trouble {
  readonly part: 'store' | 'audit' | 'keys' | 'key dates' | 'workers' | Loss['part']
}

/** When this process began: the `since` of keys that were impaired from the start. */
const began = new Date().toISOString()

/** What is wrong with keys: keys whose sources are lost, and keys that expire or should be replaced. */
export function impairedKeys(keys: KeyStates): readonly Impaired[] {
  const [troubles, notices] = [keys.troubles(), keys.notices()]
  const lost = troubles.map(({ alias, reason, unavailable }) => `${alias}${unavailable ? ' (unavailable)' : ''}: ${reason}`)
  const dated = notices.map(({ alias, notice }) => `${alias} ${notice}`)
  const since = troubles.map((trouble) => trouble.since).toSorted()[0] ?? began
  return [
    ...(lost.length === 0 ? [] : [{ part: 'keys', since, reason: listed(lost) } as const]),
    ...(dated.length === 0 ? [] : [{ part: 'key dates', since: began, reason: listed(dated) } as const]),
  ]
}
