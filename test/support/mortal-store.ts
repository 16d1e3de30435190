import type { Budgets, Counters, Store } from '@postern/ports'

/** A store as one process has it: once the process is dead, nothing of what it does reaches the store, which others go on with. */
export function createMortalStore(store: Store): { readonly store: Store; die(): void } {
  let isDead = false
  const alive = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    if (isDead) throw new Error('The process is dead.')
    const answer = await ask()
    // What was asked before it died may be done; nobody gets to know.
    if (isDead) throw new Error('The process is dead.')
    return answer
  }
  const budgets: Budgets = {
    scope: store.budgets.scope,
    recovery: store.budgets.recovery,
    reserve: (...args) => alive(() => store.budgets.reserve(...args)),
    extend: (...args) => alive(() => store.budgets.extend(...args)),
    settle: (...args) => alive(() => store.budgets.settle(...args)),
    look: (...args) => alive(() => store.budgets.look(...args)),
    bookAbandoned: (...args) => alive(() => store.budgets.bookAbandoned(...args)),
    takeNotes: (...args) => alive(() => store.budgets.takeNotes(...args)),
    dropNotes: (...args) => alive(() => store.budgets.dropNotes(...args)),
  }
  const counters: Counters = { ...store.counters, add: (...args) => alive(() => store.counters.add(...args)) }
  return {
    store: { ...store, budgets, counters, close: async () => {} },
    die: () => (isDead = true),
  }
}
