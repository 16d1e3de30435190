import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { createSessionMinter } from '@postern/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { type CountedPassage, openCountedPassage } from '../support/counted-passage.js'
import { type Issuer, jwtCallers, startIssuer } from '../support/issuer.js'
import { measurable, openLiveHeap } from '../support/live-heap.js'
import { type RunningPostern, startPostern } from '../support/run-postern.js'
import { startLoad } from '../support/steady-load.js'

const key = issueKey('joytoken')
const secret = randomBytes(32).toString('base64url')
const minter = createSessionMinter({ secret })
const reloads = 20
/** The reloads with a file that cannot be taken: the third of five, and so on. */
const isBad = (reload: number): boolean => reload % 5 === 3
let emulator: Emulator
let issuer: Issuer
let ways: readonly [CountedPassage, CountedPassage]
let cwd: string
let postern: RunningPostern
let url: string

beforeAll(async () => {
  emulator = await startEmulator('joytoken', { keys: [key], eventDelayMs: 300 })
  issuer = await startIssuer()
  const port = Number(new URL(emulator.origin).port)
  ways = [await openCountedPassage(port), await openCountedPassage(port)]
})
afterAll(async () => {
  await emulator.close()
  await issuer.stop()
  for (const way of ways) await way.close()
})
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-reload-'))
  configure(0)
  postern = startPostern(['start', '--config', 'postern.json'], { cwd, env: { ...measurable, KEY: key.secret, SESSION: secret } })
  url = (await postern.prints(/"url":"([^"]+)"/))[1] as string
})
afterEach(async () => {
  postern.child.kill('SIGKILL')
  await postern.finished
  rmSync(cwd, { recursive: true })
})

/** Each configuration reaches the gateway another way and calls its key by another name. */
function configure(generation: number): void {
  const way = ways[generation % 2] as CountedPassage
  const config = {
    version: 1,
    listen: { port: 0 },
    admin: { socket: './admin.sock' },
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL.replace(emulator.origin, way.origin) } },
    keys: { [`acme-${generation}`]: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: `acme-${generation}` }],
    callers: {
      session: { secret: { env: 'SESSION' } },
      jwt: [jwtCallers(issuer)],
    },
    store: { memory: true },
    // All calls come from one address.
    connections: { perAddress: 100_000, underWay: 10_000 },
  }
  write(JSON.stringify(config))
}

/** Writes the configuration as programs do: whole, under another name first. */
function write(text: string): void {
  writeFileSync(join(cwd, 'postern.new'), text)
  renameSync(join(cwd, 'postern.new'), join(cwd, 'postern.json'))
}

const lines = (message: string): number => postern.stdout().split(`"msg":"${message}"`).length - 1

interface Asked {
  readonly status: number
  readonly text: string
}

async function ask(credential: string): Promise<Asked> {
  const answer = await call(credential, false)
  return { status: answer.status, text: await answer.text() }
}

function call(credential: string, stream: boolean): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'one two three four five six seven eight' }], stream }),
  })
}

describe('twenty reloads under 500 calls a second, every fifth one with a broken file', () => {
  test('fail no call, end every stream as it began, keep what is learnt, and leave memory flat', { timeout: 300_000 }, async () => {
    const { token } = await minter.mint({ user: 'ada', team: 'acme' })
    const revoked = (await minter.mint({ user: 'bob', team: 'acme' })).token
    const signed = await issuer.sign()
    expect(await ask(revoked)).toMatchObject({ status: 200 })
    const socketPath = join(cwd, 'admin.sock')
    expect(await askAdmin({ socketPath }, 'POST /admin/v1/revocations', { body: { user: 'bob' } })).toMatchObject({ status: 201 })

    const heap = await openLiveHeap(postern)
    const from = performance.now()
    const load = startLoad({ url, credential: token, perSecond: { onNewConnections: 450, byOpenai: 40, streams: 10 } })
    const passed = async (calls: number): Promise<void> => {
      const before = load.told().ended
      await expect.poll(() => load.told().ended, { timeout: 60_000 }).toBeGreaterThan(before + calls)
    }
    await passed(2500)
    const sizes: number[] = []
    const streams: (Asked & { readonly alias: string })[] = []
    const underWay: Promise<void>[] = []
    let taken = 0
    for (let reload = 1; reload <= reloads; reload += 1) {
      // It begins under the configuration that is in use, and ends after the next one was taken.
      const alias = `acme-${taken}`
      const begun = await call(token, true)
      underWay.push(begun.text().then((text) => void streams.push({ status: begun.status, text, alias })))
      await passed(50)
      const [good, bad] = [lines('configuration_taken'), lines('configuration_refused')]
      if (isBad(reload)) write('{ "version": 1, "gateways": ')
      else configure(reload)
      postern.child.kill('SIGHUP')
      if (isBad(reload)) await expect.poll(() => lines('configuration_refused'), { timeout: 20_000 }).toBe(bad + 1)
      else {
        await expect.poll(() => lines('configuration_taken'), { timeout: 20_000 }).toBe(good + 1)
        taken = reload
      }
      expect(await ask(signed)).toMatchObject({ status: 200 })
      expect(await ask(revoked)).toMatchObject({ status: 401 })
      await passed(1000)
      sizes.push(await heap.measure())
    }
    const seconds = (performance.now() - from) / 1000
    const told = await load.stop()
    await Promise.all(underWay)
    heap.close()
    const perSecond = told.begun / seconds
    const { failures, ...counts } = told
    console.info('reloads under load:', {
      ...counts,
      failed: failures.length,
      perSecond: Math.round(perSecond),
      heapMB: sizes.map((size) => size.toFixed(1)).join(' '),
    })

    expect(failures.slice(0, 3)).toEqual([])
    expect(told.repeated).toBe(0)
    expect(streams).toHaveLength(reloads)
    for (const { status, text, alias } of streams) {
      expect(status).toBe(200)
      expect(text).toContain('data: [DONE]')
      expect(text).toContain(`"key":"${alias}"`)
    }
    expect(issuer.fetches(), 'how often the keys of the issuer were fetched').toBe(1)
    // The way that the last configuration does not use: closed after its last call.
    const left = ways[(taken + 1) % 2] as CountedPassage
    await expect.poll(() => left.open(), { timeout: 20_000 }).toBe(0)
    // Calls under way are counted too, and their number goes up and down; what fifteen configurations left behind would stay.
    expect(Math.min(...sizes.slice(-5))).toBeLessThan(Math.max(...sizes.slice(0, 5)) * 1.1)
  })
})
