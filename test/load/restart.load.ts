import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { createSessionMinter } from '@postern/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.js'
import { startPatientProxy } from '../support/patient-proxy.js'
import { type RunningPostern, type RunOptions, startPostern } from '../support/run-postern.js'
import { openSocketToPass } from '../support/socket-to-pass.js'
import { startLoad } from '../support/steady-load.js'

const key = issueKey('joytoken')
const secret = randomBytes(32).toString('base64url')
const env = { KEY: key.secret, SESSION: secret }
let emulator: Emulator
let credential: string
let cwd: string
const running: RunningPostern[] = []

beforeAll(async () => {
  emulator = await startEmulator('joytoken', { keys: [key], eventDelayMs: 100 })
  credential = (await createSessionMinter({ secret }).mint({ user: 'ada', team: 'acme' })).token
})
afterAll(() => emulator.close())
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-restart-'))
})
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
  rmSync(cwd, { recursive: true })
})

/** Writes a configuration that keeps its store in SQLite beside it. */
function configure(further: object = {}): void {
  const config = {
    version: 1,
    listen: { port: 0 },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    // All calls come from one address, and where the machine is busy, many of them wait while a process starts.
    connections: { perAddress: 100_000 },
    // No call may be longer, also where the machine is busy.
    shutdown: { deadline: '60s' },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

function start(options: RunOptions = {}): RunningPostern {
  const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env, ...options })
  running.push(postern)
  return postern
}

const perSecond = { onNewConnections: 92, byOpenai: 10, streams: 4 }

describe('a restart under a load of more than 100 calls a second', () => {
  test('with a passed socket refuses no connection, fails no call and cuts no stream, three times', { timeout: 180_000 }, async () => {
    configure()
    const socket = await openSocketToPass()
    const passed = { descriptors: [socket.descriptor] }
    // Each holds the socket from now on, as systemd does, and begins when it is told to.
    const processes = Array.from({ length: 4 }, () => start({ passed, waits: true }))
    await socket.letGo()
    const [first, ...others] = processes as [RunningPostern, ...RunningPostern[]]
    first.begin()
    await first.prints(/"passed":\["data"\].*"msg":"listening"/)
    const from = performance.now()
    const load = startLoad({ url: `${socket.origin}/ai/v1`, credential, perSecond })
    let old = first
    for (const [index, next] of others.entries()) {
      const before = load.told().ended
      await expect.poll(() => load.told().ended, { timeout: 20_000 }).toBeGreaterThan(before + 100)
      if (index === 0) {
        old.child.kill('SIGTERM')
        next.begin()
      } else {
        next.begin()
        await next.prints(/"for":"store".*"msg":"waiting"/)
        old.child.kill('SIGTERM')
      }
      await next.prints(/"msg":"listening"/)
      old = next
    }
    const last = load.told().ended
    await expect.poll(() => load.told().ended, { timeout: 20_000 }).toBeGreaterThan(last + 100)
    const seconds = (performance.now() - from) / 1000
    const told = await load.stop()
    old.child.kill('SIGTERM')
    console.info('with a passed socket:', { ...told, seconds })
    expect(told.failures).toEqual([])
    expect(told.begun / seconds).toBeGreaterThan(100)
    expect(told.streams / seconds).toBeGreaterThan(perSecond.streams / 2)
    for (const { finished } of processes)
      expect(await finished).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('"msg":"stopped"') })
  })

  test('behind a proxy that tries again refuses no connection, fails no call and cuts no stream', { timeout: 180_000 }, async () => {
    const port = await freePort()
    configure({ listen: { port } })
    const proxy = await startPatientProxy(port, 30_000)
    let old = start()
    await old.prints(/"msg":"listening"/)
    const load = startLoad({ url: `${proxy.origin}/ai/v1`, credential, perSecond })
    const ended = load.told
    for (let restarts = 0; restarts < 2; restarts += 1) {
      const before = ended().ended
      await expect.poll(() => ended().ended, { timeout: 20_000 }).toBeGreaterThan(before + 100)
      const next = start()
      await next.prints(/"for":"store".*"msg":"waiting"/)
      old.child.kill('SIGTERM')
      await next.prints(/"msg":"listening"/)
      old = next
    }
    const before = ended().ended
    await expect.poll(() => ended().ended, { timeout: 20_000 }).toBeGreaterThan(before + 100)
    const told = await load.stop()
    await proxy.close()
    console.info('behind a proxy:', told)
    expect(told.failures).toEqual([])
  })
})

describe('a restart without a passed socket and without a proxy', () => {
  /** For how long connections are refused, in milliseconds, until somebody takes one again. */
  async function refusedFor(port: number, restart: () => void): Promise<number> {
    restart()
    let refusedAt: number | undefined
    for (;;) {
      const isTaken = await isListening(port)
      if (!isTaken) refusedAt ??= performance.now()
      else if (refusedAt !== undefined) return performance.now() - refusedAt
      await sleep(2)
    }
  }

  test('refuses connections while the next process starts, and for less if that one waits already', { timeout: 180_000 }, async () => {
    const port = await freePort()
    configure({ listen: { port } })
    const first = start()
    await first.prints(/"msg":"listening"/)
    const third: RunningPostern[] = []
    const onceEnded = await refusedFor(port, () => {
      first.child.kill('SIGTERM')
      third.push(start())
    })
    const next = start()
    await next.prints(/"for":"store".*"msg":"waiting"/)
    const whileWaiting = await refusedFor(port, () => third[0]?.child.kill('SIGTERM'))
    await next.prints(/"msg":"listening"/)
    console.info('connections were refused for, in milliseconds:', { onceEnded, whileWaiting })
    expect(whileWaiting).toBeLessThan(10_000)
  })
})

/** Whether a connection is taken. */
function isListening(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      done(true)
    }).on('error', () => done(false))
  })
}
