import { randomUUID } from 'node:crypto'
import type { Store } from '@postern/ports'
import { vi } from 'vitest'

/** Waits until a store answers: one in PostgreSQL makes its tables first, and calls are refused meanwhile. */
export async function untilReady(store: Store): Promise<Store> {
  await vi.waitFor(() => store.budgets.look([{ id: randomUUID(), limit: 1 }]), { timeout: 15_000, interval: 50 })
  return store
}
