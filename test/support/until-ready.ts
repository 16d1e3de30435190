import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '@postern/ports'

/** How long a store may take until it answers, in milliseconds. */
const readyMs = 15_000

/** Waits until a store answers: one in PostgreSQL makes its tables first, and calls are refused meanwhile. */
export async function untilReady(store: Store): Promise<Store> {
  const until = performance.now() + readyMs
  for (;;) {
    try {
      await store.budgets.look([{ id: randomUUID(), limit: 1 }])
      return store
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(10)
    }
  }
}
