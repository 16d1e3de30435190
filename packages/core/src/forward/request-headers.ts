import { neverPassed } from '@postern/gateways'
import { headerNames } from '@postern/protocol'
import { clientHeaders } from '../lib/client-headers.js'
import { rememberNames } from '../lib/remember-names.js'
import type { IsDropped } from './header-filter.js'

export interface RequestFilterOptions {
  /** Names of headers that Postern writes itself for this gateway: credentials, the project, options of the policy. */
  readonly written: readonly string[]
  /** Names of headers that the gateway documents for callers, and those of `passHeaders`. */
  readonly further: readonly string[]
}

/**
 * An allow-list for request headers: any other header is dropped. Names are compared without case; a name with `_` for `-`
 * is another name and not on the list.
 */
export function createRequestFilter({ written, further }: RequestFilterOptions): IsDropped {
  const passed = new Set([...clientHeaders, ...further.map((name) => name.toLowerCase()).filter((name) => neverPassed(name) === undefined)])
  for (const name of [...written, ...Object.values(headerNames), 'idempotency-key']) passed.delete(name.toLowerCase())
  return rememberNames((spelling) => !passed.has(spelling.toLowerCase()))
}
