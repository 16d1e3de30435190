import type { Counters } from '@postern/ports'
import { type AskStore, channelScope } from './ask-store.js'

export function createCounters(ask: AskStore): Counters {
  return { scope: channelScope, add: (key, untilMs, owner) => ask('counters', 'add', key, untilMs, owner) }
}
