import type { Counters } from '@postern/ports'
import type { Count } from './counts.js'

export function createCounters(count: Count): Counters {
  return { scope: 'shared', add: (key, untilMs) => count(`counted:${key}`, untilMs) }
}
