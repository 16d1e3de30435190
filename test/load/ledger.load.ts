import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerEntry } from '@postern/ports'
import { createSqliteLedger, createSqliteLedgerReader } from '@postern/stores/ledger'
import { expect, test } from 'vitest'

/** LEDGER_ROWS=10000000 measures the largest ledger that is promised; it takes some ten minutes and 4 GB. */
const rows = Number(process.env['LEDGER_ROWS'] ?? 1_000_000)
const dayMs = 86_400_000
const days = 60

function entryOf(index: number, beginMs: number): LedgerEntry {
  // 3,000 users, each of one team, who call six models each: 18,000 combinations of names, about as many sums a day at most.
  const user = Math.imul(index, 2_654_435_761) >>> 0
  return {
    time: new Date(beginMs + Math.floor((index / rows) * days * dayMs)).toISOString(),
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
    gateway_ms: 800,
  }
}

/** The longest time that the event loop was late, in milliseconds, while something runs: what a stream's gap grows by. */
async function longestDelay(during: Promise<unknown>): Promise<number> {
  const state = { isOver: false }
  void during.finally(() => (state.isOver = true))
  let longest = 0
  while (!state.isOver) {
    const before = performance.now()
    await sleep(1)
    longest = Math.max(longest, performance.now() - before - 1)
  }
  return longest
}

test(`${rows} rows: adding, a month by team and model, a workflow`, { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ledger-load-'))
  const file = join(folder, 'ledger.db')
  const ledger = await createSqliteLedger({ file, keepMs: 400 * dayMs })
  const reader = createSqliteLedgerReader(file)
  try {
    const today = Math.floor(Date.now() / dayMs) * dayMs
    const beginMs = today - days * dayMs
    let appendMs = 0
    const begun = performance.now()
    for (let index = 0; index < rows; index += 1) {
      const entry = entryOf(index, beginMs)
      const before = performance.now()
      const room = ledger.append(entry)
      appendMs += performance.now() - before
      if (room !== undefined) await room
    }
    await ledger.flush()
    const seconds = (performance.now() - begun) / 1000
    const timed = async (ask: () => Promise<unknown>): Promise<readonly [ms: number, lateMs: number]> => {
      const before = performance.now()
      const asked = ask()
      const lateMs = await longestDelay(asked)
      await asked
      return [performance.now() - before, lateMs]
    }
    const month = { sinceMs: today - 30 * dayMs, untilMs: today, by: ['team', 'model'] } as const
    const [monthMs, monthLateMs] = await timed(() => reader.usage(month))
    const [workflowMs] = await timed(() => reader.workflow(`run-${rows >> 5}`))
    const [byWorkflowMs, byWorkflowLateMs] = await timed(() => reader.usage({ ...month, sinceMs: today - 7 * dayMs, by: ['workflow'] }))
    const figures = {
      rows,
      'append, µs a row, in the process': ((appendMs / rows) * 1000).toFixed(1),
      'rows a second, to the file': Math.round(rows / seconds),
      'a month by team and model, ms': Math.round(monthMs),
      'the event loop late meanwhile, ms': monthLateMs.toFixed(1),
      'a workflow, ms': workflowMs.toFixed(1),
      'a week by workflow, ms': Math.round(byWorkflowMs),
      'late meanwhile, ms': byWorkflowLateMs.toFixed(1),
    }
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
    expect(monthMs).toBeLessThan(2000)
    expect(workflowMs).toBeLessThan(50)
    expect((appendMs / rows) * 1000).toBeLessThan(10)
  } finally {
    await reader.close()
    await ledger.close()
    rmSync(folder, { recursive: true })
  }
})
