import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueKey } from '@postern/emulator'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, type RunningPostern, startPostern } from '../support/run-postern.js'

const made = (): string => randomBytes(32).toString('base64url')
const [secret, nextSecret] = [issueKey('joytoken').secret, issueKey('joytoken').secret]
const credential = made()

let cwd: string
const running: RunningPostern[] = []
const pathOf = (name: string): string => join(cwd, name)

function configure(further: object = {}): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock', credentials: { keeper: { hash: hash('sha256', credential), roles: ['keys'] } } },
    audit: { file: './audit.jsonl' },
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: { main: { dialect: 'joytoken' } },
    keys: {},
    bindings: [],
    callers: { session: { secret: { env: 'MASTER' } } },
    ...further,
  }
  writeFileSync(pathOf('postern.json'), JSON.stringify(config))
}

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-audit-of-keys-'))
  writeFileSync(pathOf('.env'), `MASTER=${made()}\nPOSTERN_ADMIN_CREDENTIAL=${credential}\n`)
  writeFileSync(pathOf('new'), secret)
  writeFileSync(pathOf('next'), nextSecret)
  writeFileSync(pathOf('tenants.csv'), `alias,gateway,secret,team\nt1,main,${secret},t1\n`)
  configure()
})
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
  rmSync(cwd, { recursive: true })
})

async function start(): Promise<RunningPostern> {
  const postern = startPostern(['start', '--config', 'postern.json'], { cwd })
  running.push(postern)
  await postern.prints(/"msg":"listening"/)
  return postern
}

const keys = (...args: readonly string[]): Promise<Finished> => runInProcess(['keys', ...args, '--config', pathOf('postern.json')])
const add = (alias: string, ...more: readonly string[]): Promise<Finished> =>
  keys('add', alias, '--gateway', 'main', '--secret-file', pathOf('new'), ...more)
const auditText = (): string => (existsSync(pathOf('audit.jsonl')) ? readFileSync(pathOf('audit.jsonl'), 'utf8') : '')
const lines = (): readonly Record<string, unknown>[] =>
  auditText()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Each change of the ring, by the command that makes it. */
const changes: readonly (readonly [what: string, make: () => Promise<Finished>])[] = [
  ['key_added', () => add('acme', '--team', 'acme')],
  ['key_unbound', () => keys('unbind', '--team', 'acme')],
  ['key_bound', () => keys('bind', 'acme', '--team', 'acme')],
  ['keys_imported', () => keys('import', pathOf('tenants.csv'))],
  ['key_rotation', () => keys('rotate', 'acme', '--take', '--secret-file', pathOf('next'))],
  ['key_rotation', () => keys('rollback', 'acme')],
  ['key_leaked', () => keys('revoke', 'acme', '--leaked')],
  ['key_unbound', () => keys('unbind', '--team', 'acme')],
  ['key_retired', () => keys('retire', 'acme')],
]

/** Commands that the ring refuses once it has the key acme, bound to the team acme. */
const refusals: readonly (readonly [what: string, make: () => Promise<Finished>, reason: RegExp])[] = [
  ['key_added', () => add('acme'), /is there already/],
  ['key_bound', () => keys('bind', 'other', '--team', 'other'), /has no key "other"/],
  ['key_bound', () => keys('bind', 'acme', '--team', 'acme'), /is bound already/],
  ['key_unbound', () => keys('unbind', '--team', 'nobody'), /is not bound/],
  ['keys_imported', () => keys('import', pathOf('tenants.csv')), /line 2: The key "t1" is in the ring already/],
  ['key_retired', () => keys('retire', 'acme'), /Callers are bound to "acme"/],
]

async function makeAll(): Promise<void> {
  for (const [what, make] of changes) {
    const { code, stderr } = await make()
    expect({ what, code, stderr }).toEqual({ what, code: 0, stderr: '' })
  }
}

function expectPairs(found: readonly Record<string, unknown>[], expected: readonly (readonly [what: string, result: string])[]): void {
  expect(found.map(({ what, result }) => [what, result])).toEqual(
    expected.flatMap(([what, result]) => [
      [what, 'begun'],
      [what, result],
    ]),
  )
  const ids = found.map(({ change }) => change)
  expect(new Set(ids).size).toBe(expected.length)
  for (const [index, { change }] of found.entries()) expect([typeof change, change]).toEqual(['string', ids[index - (index % 2)]])
  for (const hidden of [secret, nextSecret, credential]) expect(auditText()).not.toContain(hidden)
}

describe.each(['no process', 'a running process'])('if %s has the audit open', (who) => {
  test(`the audit has two lines of each change of the ring, begun and done, with ${who} beside the command`, async () => {
    if (who === 'a running process') await start()
    await makeAll()
    expectPairs(
      lines(),
      changes.map(([what]) => [what, 'done'] as const),
    )
    expect(await runInProcess(['audit', 'verify', '--config', pathOf('postern.json')])).toMatchObject({ code: 0 })
  })

  test(`a change that the ring refuses is refused in the audit too, with the reason, with ${who} beside the command`, async () => {
    if (who === 'a running process') await start()
    await add('acme', '--team', 'acme')
    await keys('import', pathOf('tenants.csv'))
    const before = lines().length
    for (const [what, make, reason] of refusals) {
      const { code } = await make()
      expect({ what, code, line: lines().at(-1) }).toMatchObject({
        code: 1,
        line: { what, result: 'refused', reason: expect.stringMatching(reason) },
      })
    }
    expectPairs(
      lines().slice(before),
      refusals.map(([what]) => [what, 'refused'] as const),
    )
  })
})

test('a command that cannot do its work before it asks the ring leaves no line in the audit', async () => {
  for (const make of [
    () => add('acme', '--team', ' acme'),
    () => keys('rotate', 'none', '--promote'),
    () => keys('revoke', 'none', '--leaked'),
  ])
    expect((await make()).code).toBe(1)
  expect(lines()).toEqual([])
})

test('without a file for the audit a command on the ring prints what it did and nothing of an audit, refused or not', async () => {
  configure({ audit: undefined })
  await makeAll()
  const { code, stdout, stderr } = await keys('bind', 'none', '--team', 'acme')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).not.toMatch(/audit|begun|"level"/)
  expect(auditText()).toBe('')
})

test('nothing is changed while the running process cannot write the audit, and the command says so', async () => {
  await start()
  await add('acme')
  renameSync(pathOf('audit.jsonl'), pathOf('away.jsonl'))
  const { code, stderr } = await keys('bind', 'acme', '--team', 'acme')
  expect([code, stderr]).toEqual([1, expect.stringContaining('Nothing was changed, since the audit cannot be written')])
  renameSync(pathOf('away.jsonl'), pathOf('audit.jsonl'))
  expect((await keys('list', '--json')).stdout).toContain('"bindings": []')
})
