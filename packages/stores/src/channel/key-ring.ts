import type { KeyRing } from '@postern/ports'
import { type AskStore, channelScope } from './ask-store.js'

export function createKeyRing(ask: AskStore): KeyRing {
  return {
    scope: channelScope,
    bindings: (selectors) => ask('keyRing', 'bindings', selectors),
    beginningsOf: (beginnings) => ask('keyRing', 'beginningsOf', beginnings),
    key: (alias) => ask('keyRing', 'key', alias),
    keys: (after, most) => ask('keyRing', 'keys', after, most),
    bindingsOf: (alias, most, after) => ask('keyRing', 'bindingsOf', alias, most, after),
    count: () => ask('keyRing', 'count'),
    change: (change) => ask('keyRing', 'change', change),
    remark: (bindings) => ask('keyRing', 'remark', bindings),
    addUses: (uses) => ask('keyRing', 'addUses', uses),
    usesOf: (alias) => ask('keyRing', 'usesOf', alias),
    stage: (batch, keys, bindings) => ask('keyRing', 'stage', batch, keys, bindings),
    publish: (batch) => ask('keyRing', 'publish', batch),
    discard: (batch) => ask('keyRing', 'discard', batch),
    changes: (mark) => ask('keyRing', 'changes', mark),
  }
}
