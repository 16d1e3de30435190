import type { Locks } from '@postern/ports'
import { type AskStore, channelScope } from './ask-store.js'

export function createLocks(ask: AskStore): Locks {
  return {
    scope: channelScope,
    take: (key, holder, untilMs, owner) => ask('locks', 'take', key, holder, untilMs, owner),
    release: (key, holder) => ask('locks', 'release', key, holder),
  }
}
