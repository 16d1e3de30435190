import type { Seen } from '@postern/ports'
import type { Counts } from './counts.js'
import type { StoreFile } from './store-file.js'

export function createSeen({ work }: StoreFile, counts: Counts): Seen {
  return { scope: 'machine', add: (key, untilMs) => work(() => counts.add(`remembered:${key}`, untilMs) === 1) }
}
