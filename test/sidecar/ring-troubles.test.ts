import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueKey } from '@postern/emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, runPostern } from '../support/run-postern.js'

const made = (): string => randomBytes(32).toString('base64url')
const secret = issueKey('joytoken').secret

let cwd: string

const pathOf = (name: string): string => join(cwd, name)
const run = (config: string, ...args: readonly string[]): Promise<Finished> => runInProcess([...args, '--config', pathOf(config)])
/** A process of its own, which also ends only if the command closes what it opened. */
const runAlone = (config: string, ...args: readonly string[]): Promise<Finished> => runPostern([...args, '--config', config], { cwd })
const newKey = (alias: string, ...args: readonly string[]): Promise<Finished> =>
  run('postern.json', 'keys', 'add', alias, '--gateway', 'main', '--secret-file', pathOf('new'), ...args)

function writeConfig(name: string, store: object, master: string): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    store,
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: master } }] },
    gateways: { main: { dialect: 'joytoken' } },
    keys: {},
    bindings: [],
    callers: { session: { secret: { env: 'MASTER' } } },
  }
  writeFileSync(pathOf(name), JSON.stringify(config))
}

/** Expects that a command failed with a message for the operator: no stack, and no more than a line and what to do. */
function expectMessage({ code, stdout, stderr }: Finished, message: RegExp): void {
  const lines = stderr.trim().split('\n')
  expect({ code, stdout, message: lines[0], count: lines.length <= 2 }).toEqual({
    code: 1,
    stdout: '',
    message: expect.stringMatching(message),
    count: true,
  })
  expect(stderr).not.toMatch(/^ +at |Error:/m)
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-ring-troubles-'))
  writeFileSync(pathOf('.env'), `MASTER=${made()}\nOTHER_MASTER=${made()}\n`)
  writeFileSync(pathOf('new'), secret)
  writeConfig('postern.json', { sqlite: './postern.db' }, 'MASTER')
  writeConfig('other.json', { sqlite: './postern.db' }, 'OTHER_MASTER')
  writeConfig('down.json', { postgres: `postgres://nobody@127.0.0.1:${await freePort()}/postern` }, 'MASTER')
  writeFileSync(pathOf('tenants.csv'), `alias,gateway,secret,team\nt1,main,${secret},t1\n`)
  mkdirSync(pathOf('folder.csv'))
  mkdirSync(pathOf('folder.jsonl'))
  const { code, stderr } = await newKey('acme', '--team', 'acme')
  expect([code, stderr]).toEqual([0, ''])
})
afterAll(() => rmSync(cwd, { recursive: true }))

test.each([
  ['is not there', 'none.csv', /none\.csv cannot be read \(ENOENT\)/],
  ['is a folder with the name of CSV', 'folder.csv', /EISDIR/],
  ['is a folder with the name of JSON Lines', 'folder.jsonl', /EISDIR/],
])('an import says in one line that its file %s', async (_, file, message) => {
  expectMessage(await run('postern.json', 'keys', 'import', pathOf(file)), message)
})

describe('if the store is down', () => {
  test.each([
    ['keys list', ['keys', 'list']],
    ['keys add', ['keys', 'add', 'acme', '--gateway', 'main', '--secret-file', 'NEW']],
    ['keys bind', ['keys', 'bind', 'acme', '--team', 'acme']],
    ['keys import', ['keys', 'import', 'IMPORT']],
    ['keys rotate', ['keys', 'rotate', 'acme']],
    ['keys revoke', ['keys', 'revoke', 'acme', '--leaked']],
    ['explain', ['explain', '--team', 'acme']],
  ])('%s says so in one line', async (_, args) => {
    const files: Readonly<Record<string, string>> = { NEW: pathOf('new'), IMPORT: pathOf('tenants.csv') }
    expectMessage(await run('down.json', ...args.map((arg) => files[arg] ?? arg)), /PostgreSQL cannot be used: .+/)
  })

  test('explain ends: it closes what it opened', { timeout: 60_000 }, async () => {
    expectMessage(await runAlone('down.json', 'explain', '--team', 'acme'), /PostgreSQL cannot be used: .+/)
  })
})

describe('if a key was sealed under another master key', () => {
  test.each([
    ['rotate', ['rotate', 'acme']],
    ['revoke', ['revoke', 'acme', '--leaked']],
    ['rollback', ['rollback', 'acme']],
    ['bind', ['bind', 'acme', '--team', 'other']],
  ])('keys %s says in one line that the key cannot be read', async (_, args) => {
    const finished = await run('other.json', 'keys', ...args)
    expectMessage(finished, /A key of the ring cannot be read\. .*master key "k1"/)
    expect(finished.stderr).toContain('keyRing.masterKeys')
  })

  test('keys list shows what is wrong with it, and keys retire removes it', async () => {
    const { code, stdout } = await run('other.json', 'keys', 'list', '--json')
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { keys: [expect.objectContaining({ alias: 'acme', bindings: ['team=acme'], trouble: expect.stringContaining('master key "k1"') })] },
    ])
    expect((await run('other.json', 'keys', 'unbind', '--team', 'acme')).code).toBe(0)
    expect((await run('other.json', 'keys', 'retire', 'acme')).code).toBe(0)
    expect(JSON.parse((await run('postern.json', 'keys', 'list', '--json')).stdout)).toEqual({ keys: [] })
  })
})

test('keys list tells where it goes on, key by key', async () => {
  for (const alias of ['a1', 'a2', 'a3']) await newKey(alias)
  const first = JSON.parse((await run('postern.json', 'keys', 'list', '--json', '--most', '2')).stdout) as object
  expect(first).toEqual({ keys: [expect.objectContaining({ alias: 'a1' }), expect.objectContaining({ alias: 'a2' })], after: 'a2' })
  const rest = JSON.parse((await run('postern.json', 'keys', 'list', '--json', '--after', 'a2', '--most', '2')).stdout) as object
  expect(rest).toEqual({ keys: [expect.objectContaining({ alias: 'a3' })] })
})
