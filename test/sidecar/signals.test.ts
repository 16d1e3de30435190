import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeHangUps } from '../../sidecar/src/hang-ups.js'
import { untilSignal } from '../../sidecar/src/until-signal.js'
import { runInProcess } from '../support/run-in-process.js'

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const
/** Tells of a signal whoever listens since the latest time, and nobody else in this process, such as those who run the tests. */
const tellLatest = (signal: NodeJS.Signals): void => process.listeners(signal).at(-1)?.(signal)
const listeners = (): readonly number[] => signals.map((signal) => process.listenerCount(signal))

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-signals-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

test('any number of starts in one process, ended or failed, leave no more listeners of signals than one', async () => {
  writeFileSync(join(cwd, 'postern.json'), '{}')
  takeHangUps().release()
  const before = listeners()
  for (let time = 0; time < 12; time += 1)
    expect((await runInProcess(['start', '--config', join(cwd, 'postern.json')])).code, `start ${time}`).toBe(1)
  expect(listeners()).toEqual(before)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const closed: string[] = []
    // A signal may follow at once on what a process says.
    await untilSignal(
      async (first) => void closed.push(first),
      () => tellLatest(signal),
    )
    expect(closed).toEqual([signal])
  }
  expect(listeners()).toEqual(before)
})

test('what cannot be told leaves no listener behind', async () => {
  const before = listeners()
  const fails = (): void => {
    throw new Error('stdout is closed')
  }
  await expect(untilSignal(() => Promise.resolve(), fails)).rejects.toThrow('stdout is closed')
  expect(listeners()).toEqual(before)
})

test('a sidecar that runs in this process stops at SIGTERM and leaves no listener of a signal behind', async () => {
  const config = {
    version: 1,
    listen: { port: 0 },
    shutdown: { deadline: '100ms' },
    gateways: { main: { dialect: 'joytoken' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    store: { memory: true },
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
  writeFileSync(join(cwd, '.env'), `KEY=jt_0123456789abcdef\nSESSION=${randomBytes(32).toString('base64url')}\n`)
  takeHangUps().release()
  const before = listeners()
  const running = runInProcess(['start', '--config', join(cwd, 'postern.json')])
  await expect.poll(() => process.listenerCount('SIGTERM'), { timeout: 10_000 }).toBe((before[2] as number) + 1)
  tellLatest('SIGTERM')
  expect((await running).code).toBe(0)
  expect(listeners()).toEqual(before)
})

test('each start that goes on is told of SIGHUP, also of one that came before it could handle it, and no other is', () => {
  const heard: string[] = []
  const [early, ended, late] = [takeHangUps(), takeHangUps(), takeHangUps()]
  early.handle(() => heard.push('early'))
  ended.handle(() => heard.push('ended'))
  ended.release()
  tellLatest('SIGHUP')
  expect(heard).toEqual(['early'])
  late.handle(() => heard.push('late'))
  expect(heard).toEqual(['early', 'late'])
  for (const each of [early, late]) each.release()
})
