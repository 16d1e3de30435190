import type { Counters } from '@postern/ports'
import type { Counts } from './counts.js'

export function createCounters(counts: Counts): Counters {
  return { scope: 'machine', add: (key, untilMs) => counts.add(`counted:${key}`, untilMs) }
}
