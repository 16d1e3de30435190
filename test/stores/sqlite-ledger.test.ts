import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { LedgerEntry, LedgerReader } from '@postern/ports'
import { createSqliteLedger, createSqliteLedgerReader, type SqliteLedger } from '@postern/stores/ledger'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

interface File {
  exec(sql: string): void
  prepare(sql: string): { raw(): { get(): readonly number[] } }
  close(): void
}
const requireOfStores = createRequire(resolve(import.meta.dirname, '../../packages/stores/src/index.ts'))
const Database = requireOfStores('libsql') as new (file: string) => File

const dayMs = 86_400_000
let folder: string
let file: string
let lines: (readonly [level: string, message: string, facts: unknown])[]
let opened: { close(): Promise<void> }[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-ledger-'))
  file = join(folder, 'ledger.db')
  lines = []
  opened = []
})
afterEach(async () => {
  for (const each of opened) await each.close()
  rmSync(folder, { recursive: true })
})

async function open(options: { readonly keepMs?: number; readonly slowAt?: number } = {}): Promise<SqliteLedger> {
  const ledger = await createSqliteLedger({ file, ...options, log: (level, message, facts) => lines.push([level, message, facts]) })
  opened.push(ledger)
  return ledger
}

function read(): LedgerReader {
  const reader = createSqliteLedgerReader(file)
  opened.push(reader)
  return reader
}

function entryOf(facts: Partial<LedgerEntry> = {}): LedgerEntry {
  const time = new Date().toISOString()
  return { time, request_id: 'id', attempt: 1, method: 'POST', path: '/v1/x', status: 200, finish: 'complete', duration_ms: 1, ...facts }
}

async function callsIn(reader: LedgerReader): Promise<number> {
  return (await reader.usage({ sinceMs: 0, untilMs: Date.now() + dayMs, by: [] }))[0]?.calls ?? 0
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((done) => setTimeout(done, 20))
}

describe('the file of a ledger', () => {
  test('is readable to its owner only, and two processes may write into it', async () => {
    const [one, other] = [await open(), await open()]
    for (let count = 0; count < 700; count += 1) {
      void one.append(entryOf({ team: `t${count % 3}` }))
      void other.append(entryOf({ team: `t${count % 3}` }))
    }
    await Promise.all([one.flush(), other.flush()])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await callsIn(read())).toBe(1400)
  })

  test('has what was flushed after kill -9, and opens again', async () => {
    const script = `
      const { createSqliteLedger } = await import(${JSON.stringify(import.meta.resolve('@postern/stores/ledger'))})
      const ledger = await createSqliteLedger({ file: ${JSON.stringify(file)} })
      for (let count = 1; ; count += 1) {
        await ledger.append({ time: new Date().toISOString(), request_id: 'id', attempt: 1, method: 'POST', path: '/', status: 200, finish: 'complete', duration_ms: 1 })
        if (count % 100 === 0) { await ledger.flush(); process.stdout.write(count + '\\n') }
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = ''
    child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()))
    const ended = new Promise((done) => child.once('close', done))
    await until(() => told.split('\n').length > 12)
    child.kill('SIGKILL')
    await ended
    const acknowledged = Number(told.split('\n').findLast((line) => line !== ''))
    const ledger = await open()
    void ledger.append(entryOf())
    await ledger.flush()
    expect(acknowledged).toBeGreaterThan(1000)
    expect(await callsIn(read())).toBeGreaterThan(acknowledged)
  })

  test('of version 1 gets daily sums of the calls that it has, when it is opened', async () => {
    const first = await open()
    void first.append(entryOf({ team: 'acme', cost: { amount: 0.5, unit: 'USD' } }))
    await first.close()
    const former = new Database(file)
    former.exec('DROP TABLE sums; PRAGMA user_version = 1')
    former.close()
    await expect(callsIn(read())).rejects.toThrow(/of a former version \(schema 1\)\. Start Postern once/)
    const second = await open()
    void second.append(entryOf({ team: 'acme', cost: { amount: 0.25, unit: 'USD' } }))
    await second.flush()
    const [row] = await read().usage({ sinceMs: 0, untilMs: Date.now() + dayMs, by: ['team'] })
    expect(row).toMatchObject({ group: { team: 'acme' }, calls: 2, costs: [{ unit: 'USD', amount: 750_000_000n }] })
  })

  test('is refused if it is something else, or of a newer Postern, and left as it is', async () => {
    const other = new Database(file)
    other.exec('CREATE TABLE theirs (a)')
    await expect(open()).rejects.toThrow(/is something else, not a ledger of Postern/)
    other.exec('DROP TABLE theirs')
    other.close()
    await (await open()).close()
    const newer = new Database(file)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    await expect(open()).rejects.toThrow(/was written by a newer Postern \(schema 99/)
    await expect(callsIn(read())).rejects.toThrow(/newer Postern/)
  })

  test('that does not exist is not created by a question', async () => {
    await expect(callsIn(read())).rejects.toThrow(/There is no ledger/)
    expect(existsSync(file)).toBe(false)
  })

  test('loses whole days that are older than keep, with their sums, attempts and names', async () => {
    const old = new Date(Date.now() - 9 * dayMs).toISOString()
    const first = await open()
    const earlier = [{ attempt: 1, code: 'gateway_unreachable', cause: undefined }]
    for (let count = 0; count < 5000; count += 1) void first.append(entryOf({ time: old, team: `old${count % 10}`, earlier }))
    void first.append(entryOf({ team: 'new', earlier }))
    await first.close()
    await open({ keepMs: 7 * dayMs })
    const reader = read()
    await until(async () => (await callsIn(reader)) === 1)
    const looked = new Database(file)
    const count = (table: string): number => looked.prepare(`SELECT count(*) FROM ${table}`).raw().get()[0] as number
    await until(() => count('who') === 1)
    expect(['calls', 'sums', 'attempts'].map(count)).toEqual([1, 1, 1])
    looked.close()
  })

  test('is begun anew where it was moved away, so that no row goes where nobody reads it', async () => {
    const ledger = await open()
    void ledger.append(entryOf())
    await ledger.flush()
    renameSync(file, join(folder, 'kept.db'))
    await new Promise((done) => setTimeout(done, 300))
    void ledger.append(entryOf())
    await ledger.flush()
    expect(await callsIn(read())).toBe(1)
    expect(lines.map(([, message]) => message)).toEqual(['ledger_begun_anew'])
  })
})

describe('a ledger that cannot be written', () => {
  test('keeps rows until a lock is gone, says so once, and loses none', { timeout: 30_000 }, async () => {
    const ledger = await open()
    const lock = new Database(file)
    lock.exec('BEGIN IMMEDIATE')
    for (let count = 0; count < 1200; count += 1) void ledger.append(entryOf())
    await until(() => lines.length > 0)
    lock.exec('ROLLBACK')
    lock.close()
    await until(() => lines.length > 1)
    await ledger.flush()
    expect(await callsIn(read())).toBe(1200)
    expect(lines.map(([, message]) => message)).toEqual(['ledger_unavailable', 'ledger_available_again'])
    expect(lines[1]?.[2]).toMatchObject({ lost: 0 })
  })

  test('slows callers when its queue is full, and counts what it loses beyond that', async () => {
    const ledger = await open({ slowAt: 10 })
    const rooms = Array.from({ length: 30 }, () => ledger.append(entryOf()))
    expect(rooms.map((room) => room !== undefined)).toEqual([...Array<boolean>(9).fill(false), ...Array<boolean>(21).fill(true)])
    for (const room of rooms) await room
    await ledger.flush()
    expect(await callsIn(read())).toBe(20)
    expect(ledger.append(entryOf())).toBeUndefined()
    await ledger.close()
    expect(lines.map(([, message]) => message)).toEqual(['ledger_rows_lost', 'ledger_rows_lost'])
    expect(lines[1]?.[2]).toMatchObject({ lost: 10 })
  })

  test('keeps odd texts and numbers of gateways from spoiling a group', async () => {
    const ledger = await open()
    const odd = 'half \uD83D of a pair, NUL \0 and an escape \u001B'
    void ledger.append(entryOf({ model: odd, usage: { input: 1e300, output: -5, cached: 1.5, source: 'answer' } }))
    void ledger.append(entryOf({ model: 'm'.repeat(5000), cost: { amount: Number.NaN, unit: 'USD' }, duration_ms: Number.NaN }))
    await ledger.flush()
    const rows = await read().usage({ sinceMs: 0, untilMs: Date.now() + dayMs, by: ['model'] })
    expect(rows.map(({ group }) => group.model)).toEqual(['half \uFFFD of a pair, NUL \uFFFD and an escape \u001B', 'm'.repeat(512)])
    expect(rows[0]).toMatchObject({ input: 1e12, output: 0, cached: 2 })
    expect(rows[1]).toMatchObject({ costs: [], withoutCost: 1 })
  })
})
