import type { Feed, Revocation } from '@postern/ports'
import { type AskStore, channelScope } from './ask-store.js'

export function createRevocationFeed(ask: AskStore): Feed<Revocation> {
  return {
    scope: channelScope,
    append: (item, owner) => ask('revocations', 'append', item, owner),
    after: (mark) => ask('revocations', 'after', mark),
  }
}
