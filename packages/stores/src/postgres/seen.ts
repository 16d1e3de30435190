import type { Seen } from '@postern/ports'
import type { Count } from './counts.js'

export function createSeen(count: Count): Seen {
  return { scope: 'shared', add: async (key, untilMs) => (await count(`remembered:${key}`, untilMs)) === 1 }
}
