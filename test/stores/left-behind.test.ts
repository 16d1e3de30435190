import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Budgets, Store } from '@postern/ports'
import { createSqliteStore } from '@postern/stores'
import { waitForClaim } from '@postern/stores/claim'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const budget = { id: 'b', limit: 10 }
const minute = 60_000

interface RawDatabase {
  exec(sql: string): unknown
  prepare(sql: string): { get(): unknown }
  close(): void
}
const requireOfStores = createRequire(resolve(import.meta.dirname, '../../packages/stores/package.json'))
const Database = requireOfStores('libsql') as new (file: string) => RawDatabase

function change(of: string, sql: string): void {
  const database = new Database(of)
  database.exec(sql)
  database.close()
}

/** How many rows the tables of reservations have. */
function rowsIn(of: string): { readonly reservations: number; readonly parts: number } {
  const database = new Database(of)
  const found = database.prepare('SELECT (SELECT count(*) FROM reservations) AS reservations, (SELECT count(*) FROM parts) AS parts').get()
  database.close()
  const { reservations, parts } = found as ReturnType<typeof rowsIn>
  return { reservations, parts }
}

let folder: string
let file: string
const opened: Store[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-left-'))
  file = join(folder, 'store.db')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  rmSync(folder, { recursive: true })
})

/** Opens the file as a process does that serves from it; `handOver` lets go of the claim, as one that drains. */
async function serve(): Promise<{ readonly store: Store; readonly handOver: () => void }> {
  const claim = await waitForClaim(file, { atMostMs: 2000 })
  const store = createSqliteStore({ file, claim })
  opened.push(store)
  return { store, handOver: () => claim.release() }
}

async function stateOf(budgets: Budgets): Promise<readonly (number | undefined)[]> {
  const [state] = await budgets.look([budget])
  return [state?.booked, state?.held]
}

/** One call under way, and one whose entry waits for the ledger. */
async function leaveTwo({ budgets }: Store): Promise<void> {
  await budgets.reserve('open', [{ budget, amount: 4 }], minute, undefined, 'as interrupted')
  await budgets.reserve('ended', [{ budget, amount: 2 }], minute, undefined, 'as interrupted')
  await budgets.settle('ended', [1], { text: 'as it ended', leaseMs: minute })
}

describe('what a process has left in a SQLite file', () => {
  test('is booked and told at the next start, if no process lives that served from the file', async () => {
    const { store } = await serve()
    await leaveTwo(store)
    // As a crash leaves it: nothing is settled any more.
    await store.close()
    const { budgets } = (await serve()).store
    expect(await stateOf(budgets)).toEqual([5, 0])
    expect(await budgets.bookAbandoned(10)).toEqual([])
    expect((await budgets.takeNotes(10, minute)).toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual([
      { id: 'ended', isSettled: true, text: 'as it ended' },
      { id: 'open', isSettled: false, text: 'as interrupted' },
    ])
    expect(await budgets.settle('open', [1])).toMatchObject([{ booked: 2, held: 0 }])
  })

  test('is all gone once it can be corrected no more, and what an earlier version left of it as well', async () => {
    const clock = vi.spyOn(Date, 'now')
    try {
      const { store } = await serve()
      await leaveTwo(store)
      await store.close()
      const second = await serve()
      expect(rowsIn(file)).toEqual({ reservations: 2, parts: 1 })
      const now = Date.now()
      clock.mockImplementation(() => now + 86_400_000 + 2 * minute)
      await second.store.budgets.reserve('later', [{ budget, amount: 1 }], minute, undefined, 'as interrupted')
      expect(rowsIn(file)).toEqual({ reservations: 1, parts: 1 })
      await second.store.budgets.settle('later', [0])
      await second.store.close()
      change(file, "INSERT INTO parts VALUES ('forgotten', 0, 'w', 1)")
      await serve()
      expect(rowsIn(file)).toEqual({ reservations: 0, parts: 0 })
    } finally {
      clock.mockRestore()
    }
  })

  test('stays with a process that drains, which ends its calls beside the next owner', async () => {
    const { store, handOver } = await serve()
    await leaveTwo(store)
    handOver()
    const next = await serve()
    expect(await stateOf(next.store.budgets)).toEqual([1, 4])
    expect(await next.store.budgets.takeNotes(10, minute)).toEqual([])
    next.handOver()
    await store.budgets.settle('open', [3])
    expect(await stateOf(next.store.budgets)).toEqual([4, 0])
    await store.close()
    // The second one drains now, and the first is gone.
    const third = await serve()
    expect(await third.store.budgets.takeNotes(10, minute)).toEqual([])
    await next.store.close()
    await third.store.close()
    expect(await (await serve()).store.budgets.takeNotes(10, minute)).toEqual([{ id: 'ended', isSettled: true, text: 'as it ended' }])
  })

  test('stays where a command opens the file that serves nobody', async () => {
    const { store } = await serve()
    await leaveTwo(store)
    const command = createSqliteStore({ file })
    opened.push(command)
    expect(await stateOf(command.budgets)).toEqual([1, 4])
  })
})
