import { join } from 'node:path'
import { createSqliteLedgerReader } from '@postern/stores/ledger'
import { expect, test } from 'vitest'
import { playCrashes } from '../support/crashes.js'

/** A new one each time; the title of the test says it. `npm run load -- crash` plays a hundred kills, on every store. */
const seed = Math.floor(Math.random() * 2 ** 31)

test(`three kills under load lose no call, double none, and leave ledger and counts alike (seed ${seed})`, {
  timeout: 90_000,
}, async () => {
  const told = await playCrashes(3, seed, {
    settings: () => ({ store: { sqlite: './store.db' }, ledger: {} }),
    read: (folder) => createSqliteLedgerReader(join(folder, 'ledger.db')),
    bookedWithinMs: 20_000,
  })
  expect(told).toMatchObject({ missing: [], doubled: [] })
  expect(told.seen).toBeGreaterThan(0)
  for (const { inLedger, inLedgerMoney, booked, bookedMoney, billed, billedMoney, limit } of told.sums) {
    expect({ inLedger, inLedgerMoney }).toEqual({ inLedger: booked, inLedgerMoney: bookedMoney })
    expect(booked).toBeLessThanOrEqual(limit)
    expect(billed).toBeLessThanOrEqual(booked)
    expect(billedMoney).toBeLessThanOrEqual(bookedMoney)
  }
})
