import { headerNames } from '@postern/protocol'
import { clientHeaders } from '../lib/client-headers.js'
import { neverPassed } from '../read/steering-names.js'
import type { IsDropped } from './header-fates.js'

export interface RequestFilterOptions {
  /** Names that Postern writes itself for this gateway: credentials, the project, what policy chooses. */
  readonly written: readonly string[]
  /** What the gateway's documents have for callers, and what the operator adds. */
  readonly further: readonly string[]
}

/** Spellings that one filter remembers; they come from outside, so there is a bound. */
const maxSpellings = 4096
const maxSpellingChars = 64

/**
 * For requests, an allow-list: whatever is not on it goes no further. Names are compared without case; another
 * spelling, such as `_` for `-`, is another name and not on the list.
 */
export function createRequestFilter({ written, further }: RequestFilterOptions): IsDropped {
  const passed = new Set([...clientHeaders, ...further.map((name) => name.toLowerCase()).filter((name) => neverPassed(name) === undefined)])
  for (const name of [...written, ...Object.values(headerNames), 'idempotency-key']) passed.delete(name.toLowerCase())
  const decided = new Map<string, boolean>()
  return (spelling) => {
    const known = decided.get(spelling)
    if (known !== undefined) return known
    const dropped = !passed.has(spelling.toLowerCase())
    if (spelling.length <= maxSpellingChars && decided.size < maxSpellings) decided.set(spelling, dropped)
    return dropped
  }
}
