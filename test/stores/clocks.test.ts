import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Budget, createMemoryStore, keptAfterMs, type Period, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'postern-clocks-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.restoreAllMocks()
})

describe.each<[where: string, open: () => Store]>([
  ['memory', () => createMemoryStore()],
  ['SQLite', () => openStore({ sqlite: join(folder, `${randomUUID()}.db`) })],
])('a clock that is wrong for a while, with limits in %s', (_, open) => {
  test.each(['second', 'minute', 'hour', 'day', 'month'] as const)(
    'does not begin the count of a %s anew when it is set back',
    async (per: Period) => {
      let nowMs = Date.UTC(2026, 10, 20, 12, 30, 15, 500)
      vi.spyOn(Date, 'now').mockImplementation(() => nowMs)
      const store = open()
      const budget: Budget = { id: 'a', limit: 10, per }
      const take = async (amount: number): Promise<boolean> => {
        const id = randomUUID()
        const { granted } = await store.budgets.reserve(id, [{ budget, amount }], 60_000)
        if (granted) await store.budgets.settle(id, [amount])
        return granted
      }
      expect(await take(10)).toBe(true)
      expect(await take(1)).toBe(false)
      nowMs += keptAfterMs[per]
      // Other calls have the store look for what is over.
      expect(await take(10)).toBe(true)
      nowMs -= keptAfterMs[per]
      expect(await take(1)).toBe(false)
      await store.close()
    },
  )
})
