import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '@postern/stores'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-grouped-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const budget = { id: 'a', limit: 100 }
const claims = [{ budget, amount: 1 }]
const ids = Array.from({ length: 64 }, (_, index) => `call ${index}`)

/** How much was written beside the file of a store, in bytes, by 64 reservations. */
async function written(name: string, inTurn: boolean): Promise<number> {
  const file = join(folder, name)
  const { budgets, close } = openStore({ sqlite: file })
  if (inTurn) for (const id of ids) await budgets.reserve(id, claims, 60_000)
  else await Promise.all(ids.map((id) => budgets.reserve(id, claims, 60_000)))
  const { size } = statSync(`${file}-wal`)
  expect(await budgets.look([budget])).toMatchObject([{ booked: 0, held: 64 }])
  await close()
  return size
}

test('what 64 calls set aside at once in a SQLite file is one transaction, and writes a fraction of what 64 would', async () => {
  const [together, apart] = [await written('together.db', false), await written('apart.db', true)]
  expect(together).toBeLessThan(apart / 4)
})

test('a reservation that fails in a SQLite file takes none with it that was asked for in the same moment', async () => {
  const { budgets, close } = openStore({ sqlite: join(folder, 'store.db') })
  const asked = [
    budgets.reserve('one', claims, 60_000),
    budgets.reserve('one', claims, 60_000),
    budgets.reserve('two', claims, 60_000),
    budgets.reserve('three', [{ budget: { id: 'b', limit: 1 }, amount: -1 }], 60_000),
    budgets.reserve('four', [{ budget, amount: 98 }], 60_000),
    budgets.reserve('five', claims, 60_000),
  ]
  const ended = await Promise.allSettled(asked)
  expect(ended.map((each) => (each.status === 'fulfilled' ? each.value.granted : 'failed'))).toEqual([
    true,
    'failed',
    true,
    'failed',
    true,
    false,
  ])
  expect(await budgets.look([budget])).toMatchObject([{ booked: 0, held: 100 }])
  await close()
})

test('what was asked for in a SQLite file before it is closed is in it', async () => {
  const file = join(folder, 'store.db')
  const first = openStore({ sqlite: file })
  const asked = first.budgets.reserve('one', claims, 60_000)
  await first.close()
  expect(await asked).toMatchObject({ granted: true })
  await expect(first.budgets.reserve('two', claims, 60_000)).rejects.toThrow('The store is closed.')
  const { budgets, close } = openStore({ sqlite: file })
  expect(await budgets.look([budget])).toMatchObject([{ held: 1 }])
  await close()
})
