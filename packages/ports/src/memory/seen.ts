import type { Seen } from '../seen.js'
import type { Entries } from './entries.js'

export function createSeen(entries: Entries): Seen {
  return { scope: 'process', add: async (key, untilMs) => entries.add(`remembered:${key}`, untilMs) === 1 }
}
