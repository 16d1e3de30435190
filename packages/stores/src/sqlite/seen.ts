import type { Seen } from '@postern/ports'
import type { Counts } from './counts.js'

export function createSeen(counts: Counts): Seen {
  return { scope: 'machine', add: async (key, untilMs) => (await counts.add(`remembered:${key}`, untilMs)) === 1 }
}
