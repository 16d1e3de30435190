import type { CheckedConfig } from '@postern/config'
import { CallLocks, createJoin, defaultJoinBounds, type Join, KeptAnswers } from '@postern/core'
import type { Principal, Uses } from '@postern/ports'
import type { CompileOptions } from './compile-options.js'
import { closeUnused } from './close-unused.js'

/**
 * Makes what finds repeated calls. Kept answers and locks outlive a configuration; answers of callers that a configuration no longer has
 * are forgotten.
 */
export function compileJoin({ config, ring }: CheckedConfig, { store, joining }: CompileOptions, uses: Uses): Join {
  const bounds = { ...defaultJoinBounds, ...joining }
  const answers = uses.share('kept answers', bounds, () => new KeptAnswers(bounds), closeUnused)
  const locks = uses.share('locks of calls', bounds, () => new CallLocks(store.locks, bounds.keptMs), closeUnused)
  const labels = new Set(ring.map(({ label }) => label))
  const isCaller = ({ via, caller }: Principal): boolean => (via === 'service' ? labels.has(caller) : config.callers[via] !== undefined)
  answers.retain(isCaller)
  return createJoin({ answers, locks, bounds })
}
