import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import type { LedgerEntry } from '@postern/ports'
import { createSqliteLedger } from '@postern/stores/ledger'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

interface Told {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly total: Readonly<Record<string, unknown>>
}

let cwd: string
let emulator: Emulator
let running: RunningPostern

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-usage-'))
  const key = issueKey('joytoken')
  emulator = await startEmulator('joytoken', { keys: [key] })
  const config = {
    version: 1,
    listen: { port: 0 },
    ledger: { keep: '30d' },
    gateways: {
      main: { dialect: 'joytoken', baseURL: emulator.baseURL },
      // Nothing listens there: each attempt fails, and the gateway has run nothing of it.
      dead: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1', attempts: 2 },
    },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } }, gone: { gateway: 'dead', secret: { env: 'GONE' } } },
    bindings: [
      { team: 'acme', key: 'acme' },
      { team: 'globex', key: 'acme' },
      { team: 'umbra', key: 'gone' },
    ],
    callers: {
      service: {
        hashes: { env: 'RING' },
        principals: { a: { team: 'acme' }, b: { team: 'globex' }, c: { team: 'umbra' } },
      },
    },
    policies: { rules: [{ team: 'globex', models: ['auto'] }] },
  }
  const shared = {
    ...config,
    keys: Object.fromEntries(Object.entries(config.keys).map(([name, each]) => [name, { ...each, shared: true }])),
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(shared))
  const ring = ['a', 'b', 'c'].map((label) => `${label}:${hash('sha256', `credential of ${label}`)}`).join(',')
  running = startPostern(['start', '--config', 'postern.json'], {
    cwd,
    env: { KEY: key.secret, GONE: 'sk-0123456789abcdef0123', RING: ring },
  })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  const call = async (label: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<number> => {
    const answer = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer credential of ${label}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'one two three' }], ...body }),
    })
    await answer.text()
    return answer.status
  }
  const run = (step: string, parent?: string): Readonly<Record<string, string>> => ({
    'x-workflow-id': 'onboarding-42',
    'x-step-id': step,
    ...(parent === undefined ? {} : { 'x-parent-step-id': parent }),
  })
  expect(await call('a', { model: 'auto' }, run('plan'))).toBe(200)
  expect(await call('a', { model: 'auto', stream: true }, run('search', 'plan'))).toBe(200)
  expect(await call('b', { model: 'auto' })).toBe(200)
  expect(await call('b', { model: 'not-for-globex' })).toBe(403)
  expect(await call('c', { model: 'any' }, run('call', 'nobody'))).toBeGreaterThanOrEqual(502)
  // Rows wait 50 ms at most.
  for (let told = 0; told < 5; )
    told = Number((JSON.parse((await usage('--json')).stdout || '{"total":{"calls":0}}') as Told).total['calls'])
})
afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

function usage(...args: readonly string[]): Promise<Finished> {
  return runInProcess(['usage', '--config', 'postern.json', ...args], { cwd })
}

async function rowsOf(...args: readonly string[]): Promise<Told['rows']> {
  return (JSON.parse((await usage('--json', ...args)).stdout) as Told).rows
}

describe('postern usage, beside a process that runs', () => {
  test('adds up calls by team and model, with exact costs in the gateway’s unit', async () => {
    const { rows, total } = JSON.parse((await usage('--json')).stdout) as Told
    const ofTeam = (team: string): object[] => rows.filter((row) => row['team'] === team)
    expect(ofTeam('acme')).toMatchObject([{ calls: 2, failed: 0, refused: 0, without_cost: 0 }])
    expect(Object.values(ofTeam('acme')[0]?.['cost' as never] ?? {})).toEqual([expect.stringMatching(/^0\.\d+$|^\d+$/)])
    expect(ofTeam('globex')).toMatchObject([{ calls: 1 }, { calls: 1 }])
    expect(total).toMatchObject({ calls: 5, refused: expect.any(Number) as number })
  })

  test('prints a table with a line for all together, and leaves out columns that are empty', async () => {
    const { code, stdout } = await runPostern(['usage', '--config', 'postern.json', '--by', 'team'], { cwd })
    expect(code).toBe(0)
    expect(stdout).toMatch(/│ team +│ calls +│/)
    expect(stdout).toMatch(/│ acme +│ 2 +│/)
    expect(stdout).toMatch(/│ all together │ 5 +│/)
    expect(stdout).not.toContain('reasoning')
  })

  test('takes filters, and times in days, hours and dates', async () => {
    expect(await rowsOf('--team', 'globex', '--by', 'team')).toMatchObject([{ team: 'globex', calls: 2, refused: 1 }])
    expect(await rowsOf('--since', '1h', '--by', 'step', '--workflow', 'onboarding-42')).toMatchObject([
      { step: 'call', calls: 1 },
      { step: 'plan', calls: 1 },
      { step: 'search', calls: 1 },
    ])
    expect(await rowsOf('--since', '2020-01-01', '--until', '2020-02-01')).toEqual([])
    expect(await rowsOf('--by', 'day')).toMatchObject([{ day: new Date().toISOString().slice(0, 10), calls: 5 }])
  })

  test('says in one line what it does not take, with exit code 2', async () => {
    for (const [args, told] of [
      [['--by', 'teem'], /--by knows no "teem". It knows user, team/],
      [['--since', 'yesterday'], /--since takes 12h, 7d, 2026-11-01/],
      [['--until', '2026-02-30'], /--until takes/],
      [['--json', '--csv'], /cannot be used with/],
    ] as const) {
      const { code, stderr } = await usage(...args)
      expect([code, stderr]).toEqual([2, expect.stringMatching(told)])
    }
  })

  test('draws a workflow as a tree with cost and time, marks the slowest step, and keeps a step whose parent made no call', async () => {
    const { code, stdout } = await runPostern(['usage', 'workflow', 'onboarding-42', '--config', 'postern.json'], { cwd })
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^onboarding-42 {2}3 calls {2}\d{4}-.* took .* {2}[\d.]+ \w+$/)
    expect(lines.slice(1).map((line) => line.replace(/ {2}at .*?(?=$| {2}\(under)/, ''))).toEqual([
      '├─ plan',
      '│  └─ search',
      expect.stringMatching(/^└─ call .*\(under nobody, which is no step above it\)/),
    ])
    expect(stdout.match(/← slowest/g)).toHaveLength(1)
    expect(stdout).toContain('1 tried again')
    const json = await runInProcess(['usage', 'workflow', 'onboarding-42', '--config', 'postern.json', '--json'], { cwd })
    expect(JSON.parse(json.stdout)).toMatchObject({ total: 3, calls: [{ step: 'plan' }, { parent_step: 'plan' }, {}] })
    const unknown = await runInProcess(['usage', 'workflow', 'nothing', '--config', 'postern.json'], { cwd })
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/has no call of the workflow nothing/)])
  })

  test('says what to write where the configuration has no ledger', async () => {
    writeFileSync(join(cwd, 'without.yaml'), 'version: 1\n')
    const { code, stderr } = await runInProcess(['usage', '--config', 'without.yaml'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('without.yaml has no ledger')
    expect(stderr).toContain('ledger: { keep: 90d }')
  })
})

describe('what clients name', () => {
  const evil = '=HYPERLINK("http://evil.example","click")'
  const names = [evil, '+1+1', '-2', '@SUM(A1)', 'a,b "c"', 'red \u001B[31m \u009B31m \u202E', 'Müller 語']
  let file: string

  beforeAll(async () => {
    file = join(cwd, 'named.db')
    const ledger = await createSqliteLedger({ file })
    const call = (facts: Partial<LedgerEntry>): void => {
      const time = new Date().toISOString()
      void ledger.append({
        time,
        request_id: 'i',
        attempt: 1,
        method: 'POST',
        path: '/',
        status: 200,
        finish: 'complete',
        duration_ms: 5,
        ...facts,
      })
    }
    for (const user of names) call({ user })
    // Circles, a step that is its own parent, and a chain of a thousand steps.
    for (const [step, parent] of [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
      ['self', 'self'],
    ])
      call({ workflow: 'circle', step, parent_step: parent })
    for (let depth = 0; depth < 1000; depth += 1) call({ workflow: 'deep', step: `s${depth}`, parent_step: `s${depth + 1}` })
    await ledger.close()
  })

  test('CSV has no cell that a spreadsheet takes for a formula, and quotes as RFC 4180 says', async () => {
    const { stdout } = await usage('--file', file, '--csv', '--by', 'user', '--workflow', '')
    const lines = stdout.split('\r\n')
    expect(lines[0]).toBe('user,calls,failed,refused,input,output,cached,reasoning,estimated,without_usage,without_cost')
    expect(lines).toContain(`"'${evil.replaceAll('"', '""')}",1,0,0,0,0,0,0,0,1,1`)
    expect(lines).toContain('"a,b ""c""",1,0,0,0,0,0,0,0,1,1')
    expect(lines.slice(1).filter((line) => /^"?[=+\-@]/.test(line))).toEqual([])
    expect(stdout).toContain('Müller 語')
  })

  test('no character that a terminal obeys is printed, in any form', async () => {
    for (const form of [[], ['--csv'], ['--json']]) {
      const { stdout } = await usage('--file', file, '--by', 'user', ...form)
      // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000B\u000C\u000E-\u001F\u007F-\u009F\u202E]/)
    }
  })

  test('circles of steps and long chains are drawn whole, and end', async () => {
    const draw = async (id: string): Promise<string> => (await runInProcess(['usage', 'workflow', id, '--file', file], { cwd })).stdout
    const circle = await draw('circle')
    for (const step of ['a', 'b', 'c', 'self']) expect(circle).toMatch(new RegExp(`─ ${step}  at`))
    expect((await draw('deep')).trimEnd().split('\n')).toHaveLength(1001)
  })
})
