import { headerNames } from '@postern/protocol'
import { neverPassed } from '../read/steering-names.js'
import type { IsDropped } from './header-fates.js'

/**
 * What a caller's request carries to every gateway, lower-case: what describes the body and the answer, and what
 * the clients of OpenAI, Anthropic and Google send by themselves. None of it says where a call goes, who pays or which key is used.
 */
const commonHeaders = [
  'accept',
  'accept-language',
  'content-type',
  'user-agent',
  'idempotency-key',
  'openai-beta',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'x-goog-api-client',
  'x-stainless-arch',
  'x-stainless-async',
  'x-stainless-custom-poll-interval',
  'x-stainless-helper',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-poll-helper',
  'x-stainless-raw-response',
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
]

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
  const passed = new Set([...commonHeaders, ...further.map((name) => name.toLowerCase()).filter((name) => neverPassed(name) === undefined)])
  for (const name of [...written, ...Object.values(headerNames)]) passed.delete(name.toLowerCase())
  const decided = new Map<string, boolean>()
  return (spelling) => {
    const known = decided.get(spelling)
    if (known !== undefined) return known
    const dropped = !passed.has(spelling.toLowerCase())
    if (spelling.length <= maxSpellingChars && decided.size < maxSpellings) decided.set(spelling, dropped)
    return dropped
  }
}
