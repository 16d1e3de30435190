import type { Seen } from '@postern/ports'
import { type AskStore, channelScope } from './ask-store.js'

export function createSeen(ask: AskStore): Seen {
  return { scope: channelScope, add: (key, untilMs, owner) => ask('seen', 'add', key, untilMs, owner) }
}
