import type { Budgets } from '@postern/ports'
import { type AskStore, channelScope } from './ask-store.js'

export function createBudgets(ask: AskStore): Budgets {
  return {
    recovery: undefined,
    scope: channelScope,
    reserve: (id, claims, leaseMs, owner, note) => ask('budgets', 'reserve', id, claims, leaseMs, owner, note),
    extend: (ids, leaseMs) => ask('budgets', 'extend', ids, leaseMs),
    settle: (id, spent, left) => ask('budgets', 'settle', id, spent, left),
    look: (budgets) => ask('budgets', 'look', budgets),
    bookAbandoned: (most) => ask('budgets', 'bookAbandoned', most),
    takeNotes: (most, leaseMs) => ask('budgets', 'takeNotes', most, leaseMs),
    dropNotes: (notes) => ask('budgets', 'dropNotes', notes),
  }
}
