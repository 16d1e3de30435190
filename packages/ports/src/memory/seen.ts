import type { Seen } from '../seen.js'
import type { Entries } from './entries.js'

/**
 * Stores keys in the memory of this process: a key is new if its count is 1. The prefix separates these keys from those of
 * `createCounters` in the same `entries`.
 */
export function createSeen(entries: Entries): Seen {
  return { scope: 'process', add: async (key, untilMs, owner) => entries.add(`remembered:${key}`, untilMs, owner) === 1 }
}
