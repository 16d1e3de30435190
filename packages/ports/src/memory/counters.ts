import type { Counters } from '../counters.js'
import type { Entries } from './entries.js'

export function createCounters(entries: Entries): Counters {
  return { scope: 'process', add: async (key, untilMs, owner) => entries.add(`counted:${key}`, untilMs, owner) }
}
