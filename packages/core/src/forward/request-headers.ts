import { headerNames } from '@postern/protocol'
import { clientHeaders } from '../lib/client-headers.js'
import { neverPassed } from '../read/steering-names.js'
import type { IsDropped } from './header-fates.js'

export interface RequestFilterOptions {
  /** Names of headers that Postern writes itself for this gateway: credentials, the project, options of the policy. */
  readonly written: readonly string[]
  /** Names of headers that the gateway documents for callers, and those of `passHeaders`. */
  readonly further: readonly string[]
}

/** Bounds of a filter's memo: number of spellings, and characters of one. Spellings come from clients. */
const maxSpellings = 4096
const maxSpellingChars = 64

/**
 * An allow-list for request headers: any other header is dropped. Names are compared without case; a name with `_` for `-`
 * is another name and not on the list.
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
