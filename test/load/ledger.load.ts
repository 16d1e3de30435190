import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LedgerEntry } from '@postern/ports'
import { createSqliteLedger, createSqliteLedgerReader } from '@postern/stores/ledger'
import { expect, test } from 'vitest'
import { threadCpu } from '../support/thread-cpu.js'

/** How many rows the ledger has: LEDGER_ROWS=10000000 measures the largest that is promised, and takes 4 GB. */
const rows = Number(process.env['LEDGER_ROWS'] ?? 1_000_000)
/** How many of them come through the ledger, and are measured. The others are in the file before. */
const added = Math.min(Number(process.env['LEDGER_ADDED'] ?? 200_000), rows)
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

/** Writes what the ledger has before, in a process of its own. */
async function fill(file: string, beginMs: number): Promise<void> {
  const program = fileURLToPath(new URL('../support/fill-ledger.mjs', import.meta.url))
  // So many of as many as there are in all, and as much of the time.
  const share = (rows - added) / rows
  const args = [program, file, String(rows - added), String(beginMs), String(Math.floor(days * dayMs * share))]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`Filling the ledger ended with ${code}.`)
}

/** Processor time that entries cost to be made, in milliseconds: the test makes them in the thread that is measured. */
function cpuOfMaking(beginMs: number): number {
  const before = threadCpu()
  for (let index = rows - added; index < rows; index += 1) entryOf(index, beginMs)
  return threadCpu().main - before.main
}

/** What a question costs, in milliseconds. */
interface Asked {
  readonly ms: number
  /** Processor time of the thread that answers it. */
  readonly workerCpuMs: number
  /** The longest that the event loop was late, which what else runs on the machine makes longer. */
  readonly lateMs: number
  /** The longest that the event loop computed without a break: what a stream's gap grows by, whatever else runs. */
  readonly heldMs: number
}

async function timed(ask: () => Promise<unknown>): Promise<Asked> {
  const [begun, { others }] = [performance.now(), threadCpu()]
  const asked = ask()
  const state = { isOver: false }
  void asked.finally(() => (state.isOver = true))
  let [lateMs, heldMs] = [0, 0]
  while (!state.isOver) {
    const [before, { main }] = [performance.now(), threadCpu()]
    await sleep(1)
    lateMs = Math.max(lateMs, performance.now() - before - 1)
    heldMs = Math.max(heldMs, threadCpu().main - main)
  }
  await asked
  return { ms: performance.now() - begun, workerCpuMs: threadCpu().others - others, lateMs, heldMs }
}

test(`${rows} rows: adding, a month by team and model, a workflow`, { timeout: 3_600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-ledger-load-'))
  const file = join(folder, 'ledger.db')
  const today = Math.floor(Date.now() / dayMs) * dayMs
  const beginMs = today - days * dayMs
  // A ledger makes the file, and adds up what came into it while none was open.
  await (await createSqliteLedger({ file })).close()
  if (rows > added) await fill(file, beginMs)
  const openedAt = performance.now()
  const ledger = await createSqliteLedger({ file, keepMs: 400 * dayMs })
  process.stderr.write(`opened in ${Math.round(performance.now() - openedAt)} ms\n`)
  const reader = createSqliteLedgerReader(file)
  try {
    const makingMs = cpuOfMaking(beginMs)
    const [begun, cpu] = [performance.now(), threadCpu()]
    for (let index = rows - added; index < rows; index += 1) {
      const room = ledger.append(entryOf(index, beginMs))
      if (room !== undefined) await room
    }
    await ledger.flush()
    const seconds = (performance.now() - begun) / 1000
    const over = threadCpu()
    const microseconds = (ms: number): number => (ms / added) * 1000
    const appendMicroseconds = microseconds(over.main - cpu.main - makingMs)
    const month = { sinceMs: today - 30 * dayMs, untilMs: today, by: ['team', 'model'] } as const
    // The first opens the file, and says how much of it is read from the disk.
    const first = await timed(() => reader.usage(month))
    const monthly = await timed(() => reader.usage(month))
    const workflow = await timed(() => reader.workflow(`run-${rows >> 5}`))
    const byWorkflow = await timed(() => reader.usage({ ...month, sinceMs: today - 7 * dayMs, by: ['workflow'] }))
    const figures = {
      rows,
      'of them appended here': added,
      'append, CPU µs a row in the thread of calls': Number(appendMicroseconds.toFixed(2)),
      'append, CPU µs a row in the worker': Number(microseconds(over.others - cpu.others).toFixed(1)),
      'rows a second, to the file': Math.round(added / seconds),
      'size of the file, MB': Math.round(statSync(file).size / 1e6),
      'a month by team and model, the first': rounded(first),
      'a month by team and model': rounded(monthly),
      'a workflow': rounded(workflow),
      'a week by workflow': rounded(byWorkflow),
    }
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
    // By the processor's time, which another program on the machine does not lengthen: what waits for the disk is in the file's cache.
    expect(monthly.workerCpuMs).toBeLessThan(2000)
    expect(workflow.workerCpuMs).toBeLessThan(50)
    expect(monthly.heldMs).toBeLessThan(5)
    expect(appendMicroseconds).toBeLessThan(10)
  } finally {
    await reader.close()
    await ledger.close()
    rmSync(folder, { recursive: true })
  }
})

function rounded(asked: Asked): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, Number((value as number).toFixed(1))]))
}
