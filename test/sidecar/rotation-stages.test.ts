import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator, USUAL_MODELS } from '@postern/emulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, startPostern } from '../support/run-postern.js'

const [former, next, third] = [issueKey('joytoken'), issueKey('joytoken'), issueKey('joytoken')]
const validate = ['--validate', '--model', USUAL_MODELS.joytoken] as const

let cwd: string
let emulator: Emulator

const keys = (...args: readonly string[]): Promise<Finished> => runInProcess(['keys', ...args, '--config', join(cwd, 'postern.json')])
const rotate = (...args: readonly string[]): Promise<Finished> => keys('rotate', 'acme', ...args)
const take = (...args: readonly string[]): Promise<Finished> => rotate('--take', '--secret-file', join(cwd, 'next'), ...args)

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-stages-'))
  emulator = await startEmulator('joytoken', { keys: [former, next, third] })
  writeFileSync(join(cwd, '.env'), `MASTER=${randomBytes(32).toString('base64url')}\n`)
  writeFileSync(join(cwd, 'former'), former.secret)
  writeFileSync(join(cwd, 'next'), next.secret)
  writeFileSync(join(cwd, 'third'), third.secret)
  const config = {
    version: 1,
    store: { sqlite: './postern.db' },
    keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'MASTER' } }] },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: {},
    bindings: [],
    callers: { session: { secret: { env: 'MASTER' } } },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  const added = await keys('add', 'acme', '--gateway', 'main', '--secret-file', join(cwd, 'former'))
  expect(added).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

/** Expects that a stage is refused for the stage of the rotation alone: without a call, a question or a secret. */
async function expectRefused(args: readonly string[], words: string): Promise<void> {
  const before = emulator.seen.length
  const { code, stderr } = await rotate(...args)
  expect({ args, code, stderr, calls: emulator.seen.length - before }).toEqual({
    args,
    code: 1,
    stderr: expect.stringContaining(words),
    calls: 0,
  })
}

test('a stage of a rotation that is not the next one is refused before the gateway is called, and a question or a secret asked for', async () => {
  // No file has the secret: the command would say so.
  const takeNothing = ['--take', '--secret-file', join(cwd, 'not-there')]
  for (const args of [validate, ['--confirm'], ['--retire']]) await expectRefused(args, 'No rotation is under way')

  expect(await take()).toMatchObject({ code: 0 })
  for (const args of [['--confirm'], ['--retire']]) await expectRefused(args, 'is at the stage "taken"')
  await expectRefused(takeNothing, 'A rotation is under way')

  expect(await rotate(...validate)).toMatchObject({ code: 0 })
  expect(emulator.seen).toHaveLength(1)

  expect(await rotate('--share', '50')).toMatchObject({ code: 0 })
  for (const args of [validate, ['--retire']]) await expectRefused(args, 'is at the stage "sharing"')

  expect(await rotate('--confirm', '--yes')).toMatchObject({ code: 0 })
  for (const args of [validate, ['--confirm'], ['--retire']]) await expectRefused(args, 'is at the stage "confirmed"')

  expect(await rotate('--promote')).toMatchObject({ code: 0 })
  for (const args of [validate, ['--confirm']]) await expectRefused(args, 'is at the stage "promoted"')
  await expectRefused(takeNothing, 'A rotation is under way')
  expect(emulator.seen).toHaveLength(1)
})

test('a new key that may do more than the one before is refused before its secret is asked for', async () => {
  expect(await rotate('--retire', '--yes')).toMatchObject({ code: 0 })
  expect(await rotate('--take', '--secret-file', join(cwd, 'third'), '--budget', '50 USD')).toMatchObject({ code: 0 })
  expect(await rotate(...validate)).toMatchObject({ code: 0 })
  expect(await rotate('--confirm', '--yes')).toMatchObject({ code: 0 })
  expect(await rotate('--promote')).toMatchObject({ code: 0 })
  expect(await rotate('--retire', '--yes')).toMatchObject({ code: 0 })
  await expectRefused(['--take', '--secret-file', join(cwd, 'not-there'), '--budget', '60 USD'], 'a budget of 60 USD (before: 50 USD)')
})

test('a secret that the key has already is not taken for a new one', async () => {
  expect(await rotate('--take', '--secret-file', join(cwd, 'third'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('acme has this secret already'),
  })
  expect((await rotate()).stdout).toContain('no rotation is under way')
})

test('what is not counted, or was not sent, is never told as a secret that is sent no more', async () => {
  await expectRefused(['--watch', '1'], 'No rotation is under way')
  expect(await take()).toMatchObject({ code: 0 })
  const { code, stdout } = await rotate('--watch', '1')
  expect([code, stdout]).toEqual([1, expect.stringContaining('No call came, so this says nothing')])
  expect(JSON.parse((await rotate('--watch', '1', '--json')).stdout)).toEqual({
    key: 'acme',
    seconds: 1,
    sent: { old: 0, new: 0 },
    uses: { old: { calls: 0 }, new: { calls: 0 } },
  })
})

test('a stage is taken also where nobody reads what its command prints', async () => {
  const command = startPostern(['keys', 'rotate', 'acme', ...validate, '--config', join(cwd, 'postern.json')])
  command.child.stdout?.destroy()
  expect(await command.finished).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Error') })
  expect((await rotate('--share', '100')).stdout).toMatch(
    /^Next: once the gateway's own logs show its calls, postern keys rotate acme --confirm/m,
  )
})

test('whoever confirms a key that no caller has used is told so, and whoever goes back to the old one what it needs', async () => {
  expect(await rotate('--confirm', '--yes')).toMatchObject({ code: 0, stderr: expect.stringContaining('has sent no call of a caller') })
  expect(await rotate('--promote')).toMatchObject({ code: 0, stdout: expect.stringContaining('as long as the gateway takes the old key') })
  expect(await keys('rollback', 'acme')).toMatchObject({ code: 0, stderr: expect.stringContaining('enable it there now') })
})
