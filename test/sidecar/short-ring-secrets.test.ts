import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueKey } from '@postern/emulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import type { Finished } from '../support/run-postern.js'

const short = 'abc'
let cwd: string
const pathOf = (name: string): string => join(cwd, name)
const keys = (...args: readonly string[]): Promise<Finished> => runInProcess(['keys', ...args, '--config', pathOf('postern.json')])

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-short-secrets-'))
  const config = {
    version: 1,
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: { main: { dialect: 'joytoken' } },
    keys: {},
    bindings: [],
    callers: { session: { secret: { env: 'MASTER' } } },
  }
  writeFileSync(pathOf('postern.json'), JSON.stringify(config))
  writeFileSync(pathOf('.env'), `MASTER=${randomBytes(32).toString('base64url')}\n`)
  writeFileSync(pathOf('good'), issueKey('joytoken').secret)
  writeFileSync(pathOf('short'), short)
  writeFileSync(pathOf('keys.csv'), `alias,gateway,secret\nt1,main,${short}\n`)
  writeFileSync(pathOf('keys.jsonl'), JSON.stringify({ alias: 't1', gateway: 'main', secret: short }))
  expect((await keys('add', 'acme', '--gateway', 'main', '--secret-file', pathOf('good'))).code).toBe(0)
})
afterAll(() => rmSync(cwd, { recursive: true }))

test.each([
  ['keys add', () => keys('add', 'other', '--gateway', 'main', '--secret-file', pathOf('short')), /^secret is a text of fewer than/],
  ['keys rotate --take', () => keys('rotate', 'acme', '--take', '--secret-file', pathOf('short')), /^secret is a text of fewer than/],
  ['keys import of CSV', () => keys('import', pathOf('keys.csv')), /line 2: secret is a text of fewer than/],
  ['keys import of JSON Lines', () => keys('import', pathOf('keys.jsonl')), /line 1: secret is a text of fewer than/],
])('%s refuses a secret of three characters and does not repeat it', async (_, make, message) => {
  const { code, stdout, stderr } = await make()
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/\babc\b/)
})
