import type { Counters } from '@postern/ports'
import type { Counts } from './counts.js'
import type { StoreFile } from './store-file.js'

export function createCounters({ work }: StoreFile, counts: Counts): Counters {
  return { scope: 'machine', add: (key, untilMs) => work(() => counts.add(`counted:${key}`, untilMs)) }
}
