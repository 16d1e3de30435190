import type { Claim, Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { createPostgresLedger, createPostgresLedgerReader } from '@postern/stores/postgres-ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { preparePostgres, type PostgresServer } from '../support/postgres-server.js'

/** How long each measurement takes, in milliseconds. */
const measureMs = Number(process.env['POSTGRES_MS'] ?? 5000)
const ledgerRows = Number(process.env['LEDGER_ROWS'] ?? 200_000)
const dayMs = 86_400_000

let postgres: PostgresServer
beforeAll(async () => {
  // Each commit waits for the disk, as in an installation.
  postgres = await preparePostgres({ fsync: true })
  await postgres.start()
})
afterAll(() => postgres.close())

/** The claims of one call: under one rule for everybody, or under three, for everybody, its team and its user. */
function claimsOf(rules: 1 | 3, call: number): readonly Claim[] {
  const limit = 1e12
  const all: Claim = { budget: { id: 'everybody', limit, per: 'day' }, amount: 1 }
  const team: Claim = { budget: { id: `team ${call % 10}`, limit, per: 'day' }, amount: 1 }
  const user: Claim = { budget: { id: `user ${call % 500}`, limit, per: 'minute' }, amount: 7 }
  return rules === 1 ? [all] : [all, team, user]
}

interface Measured {
  readonly 'reservations a second': number
  readonly 'median, ms': string
  readonly 'at 99 %, ms': string
}

/** So many callers set aside and, where it is asked for, settle one after the other. */
async function measure(stores: readonly Store[], rules: 1 | 3, callers: number, settles: boolean): Promise<Measured> {
  const took: number[] = []
  const until = performance.now() + measureMs
  const begun = performance.now()
  let calls = 0
  const call = async (store: Store): Promise<void> => {
    while (performance.now() < until) {
      calls += 1
      const id = `${rules} ${callers} ${settles} ${calls}`
      const claims = claimsOf(rules, calls)
      const before = performance.now()
      const { granted } = await store.budgets.reserve(id, claims, 60_000)
      took.push(performance.now() - before)
      expect(granted).toBe(true)
      if (settles)
        await store.budgets.settle(
          id,
          claims.map(({ amount }) => amount),
        )
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, index) => call(stores[index % stores.length] as Store)))
  const seconds = (performance.now() - begun) / 1000
  took.sort((one, other) => one - other)
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(1)
  return { 'reservations a second': Math.round(took.length / seconds), 'median, ms': at(0.5), 'at 99 %, ms': at(0.99) }
}

test('reservations in PostgreSQL: under one rule and under three, for one caller and for many', { timeout: 600_000 }, async () => {
  const stores = [openStore({ postgres: { url: postgres.url } }), openStore({ postgres: { url: postgres.url } })]
  const figures: Record<string, Measured> = {}
  for (const rules of [1, 3] as const)
    for (const callers of [1, 64, 200])
      for (const settles of [false, true]) {
        const name = `${rules} ${rules === 1 ? 'rule' : 'rules'}, ${callers} callers${settles ? ', each settled' : ''}`
        figures[name] = await measure(stores, rules, callers, settles)
      }
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
  await Promise.all(stores.map((store) => store.close()))
})

test(`${ledgerRows} rows of the ledger: adding, and a month by team and model`, { timeout: 600_000 }, async () => {
  const ledger = createPostgresLedger({ url: postgres.url, keepMs: 400 * dayMs })
  const reader = createPostgresLedgerReader({ url: postgres.url })
  const today = Math.floor(Date.now() / dayMs) * dayMs
  let appendMs = 0
  const begun = performance.now()
  for (let index = 0; index < ledgerRows; index += 1) {
    const user = Math.imul(index, 2_654_435_761) >>> 0
    const entry = {
      time: new Date(today - 60 * dayMs + Math.floor((index / ledgerRows) * 60 * dayMs)).toISOString(),
      request_id: `run-${index >> 4}:step-${index & 15}:01J000000000000000${index}`,
      attempt: 1,
      workflow: `run-${index >> 4}`,
      step: `step-${index & 15}`,
      gateway: 'main',
      key: `key-${user % 10}`,
      team: `team-${user % 10}`,
      user: `user-${user % 3000}`,
      model: `model-${(user >>> 12) % 6}`,
      method: 'POST',
      path: '/v1/chat/completions',
      status: 200,
      finish: 'complete',
      usage: { input: 1200, output: 300, source: 'answer' },
      cost: { amount: 0.001234, unit: 'USD' },
      duration_ms: 812.5,
    } as const
    const before = performance.now()
    const room = ledger.append(entry)
    appendMs += performance.now() - before
    if (room !== undefined) await room
  }
  await ledger.flush()
  const seconds = (performance.now() - begun) / 1000
  const before = performance.now()
  const rows = await reader.usage({ sinceMs: today - 30 * dayMs, untilMs: today, by: ['team', 'model'] })
  const monthMs = performance.now() - before
  expect(rows.reduce((sum, { calls }) => sum + calls, 0)).toBe(ledgerRows / 2)
  const figures = {
    rows: ledgerRows,
    'append, µs a row': ((appendMs / ledgerRows) * 1000).toFixed(1),
    'rows a second': Math.round(ledgerRows / seconds),
    'a month by team and model, ms': Math.round(monthMs),
  }
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
  await reader.close()
  await ledger.close()
})
