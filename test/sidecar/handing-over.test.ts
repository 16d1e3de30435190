import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSessionMinter } from '@postern/server'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askAdmin } from '../support/ask-admin.js'
import { freePort } from '../support/free-port.js'
import { type HoldingGateway, startHoldingGateway } from '../support/holding-gateway.js'
import { type RunningPostern, runPostern, startPostern } from '../support/run-postern.js'

const secret = randomBytes(32).toString('base64url')
const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: secret }
const messages = [{ role: 'user' as const, content: 'hello' }]

let gateway: HoldingGateway
let cwd: string
let port: number
const running: RunningPostern[] = []
beforeEach(async () => {
  gateway = await startHoldingGateway()
  cwd = mkdtempSync(join(tmpdir(), 'postern-handing-over-'))
  port = await freePort()
})
afterEach(async () => {
  for (const { child, finished } of running.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
  await gateway.close()
  rmSync(cwd, { recursive: true })
})

function configure(further: object = {}): void {
  const config = {
    version: 1,
    listen: { port },
    admin: { socket: './postern.sock' },
    audit: { file: './audit.jsonl' },
    gateways: { main: { dialect: 'openai', baseURL: gateway.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    shutdown: { deadline: '20s' },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

function start(): RunningPostern {
  const postern = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  running.push(postern)
  return postern
}

async function client(user: string): Promise<OpenAI> {
  const { token } = await createSessionMinter({ secret }).mint({ user, team: 'acme' })
  return new OpenAI({ baseURL: `http://127.0.0.1:${port}/ai/v1`, apiKey: token, maxRetries: 0 })
}

/** Begins a stream that lasts until the gateway ends it, and says how it ended. */
async function openStream(user: string): Promise<{ readonly ended: Promise<string> }> {
  const stream = await (await client(user)).chat.completions.create({ model: 'stream', messages, stream: true })
  const events = stream[Symbol.asyncIterator]()
  await events.next()
  const read = async (): Promise<string> => {
    for (let next = await events.next(); next.done !== true; next = await events.next());
    return 'whole'
  }
  return { ended: read().catch((error: unknown) => String((error as { code?: unknown }).code)) }
}

const revoke = (user: string): Promise<{ readonly status: number }> =>
  askAdmin({ socketPath: join(cwd, 'postern.sock') }, 'POST /admin/v1/revocations', { body: { user } })
const chat = async (user: string): Promise<unknown> =>
  (await client(user)).chat.completions.create({ model: 'stream', messages, stream: true })

describe('two processes with one sqlite store', () => {
  test('never admit both: the second one says for what it waits, and why it ends if the first one is not told to stop', {
    timeout: 60_000,
  }, async () => {
    configure({ shutdown: { deadline: '10ms' } })
    await start().prints(/"msg":"listening"/)
    const second = start()
    await second.prints(/"for":"store".*"at_most_ms":5010.*"msg":"waiting"/)
    const { code, stdout, stderr } = await second.finished
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/Another process uses the store .*postern\.db\. The embedded store is for one process/),
    ])
    expect(stdout).not.toContain('"msg":"listening"')
  })

  test('follow each other: the next one admits on the same port while the first one ends its stream', { timeout: 60_000 }, async () => {
    configure()
    const old = start()
    await old.prints(/"msg":"listening"/)
    const { ended } = await openStream('ada')
    const next = start()
    await next.prints(/"for":"store".*"msg":"waiting"/)
    old.child.kill('SIGTERM')
    await next.prints(/"msg":"listening"/)
    await chat('bob')
    expect(old.stdout()).not.toContain('"msg":"stopped"')
    expect(gateway.seen).toEqual(['stream', 'stream'])
    gateway.finish()
    expect(await ended).toBe('whole')
    expect(await old.finished).toMatchObject({ code: 0, stderr: '' })
    expect((await revoke('ada')).status).toBe(201)
  })

  test('share revocations while the first one drains: its stream ends within a second, by the command and by the next process', {
    timeout: 60_000,
  }, async () => {
    configure()
    const old = start()
    await old.prints(/"msg":"listening"/)
    const [ofAda, ofBob] = [await openStream('ada'), await openStream('bob')]
    old.child.kill('SIGTERM')
    const next = start()
    await next.prints(/"msg":"listening"/)
    expect((await revoke('ada')).status).toBe(201)
    expect(await ofAda.ended).toBe('caller_revoked')
    expect(await runPostern(['session', 'revoke', '--user', 'bob', '--config', 'postern.json'], { cwd, env })).toMatchObject({ code: 0 })
    expect(await ofBob.ended).toBe('caller_revoked')
    expect(await old.finished).toMatchObject({ code: 0, stderr: '' })
    await expect(chat('ada')).rejects.toThrow(/401/)
  })

  test('write one audit, each in its time: the chain holds, and what the first one would still write is in its log', {
    timeout: 60_000,
  }, async () => {
    configure()
    const old = start()
    await old.prints(/"msg":"listening"/)
    const { ended } = await openStream('ada')
    expect((await revoke('eve')).status).toBe(201)
    old.child.kill('SIGTERM')
    const next = start()
    await next.prints(/"msg":"listening"/)
    expect((await revoke('mallory')).status).toBe(201)
    old.child.kill('SIGHUP')
    await old.prints(/"what":"reload","result":"refused".*"msg":"audit_line_lost"/)
    expect((await revoke('trudy')).status).toBe(201)
    const names = readFileSync(join(cwd, 'audit.jsonl'), 'utf8').matchAll(/"name":"(\w+)"/g)
    expect([...new Set([...names].map(([, name]) => name))]).toEqual(['eve', 'mallory', 'trudy'])
    expect(await runPostern(['audit', 'verify', '--config', 'postern.json'], { cwd })).toMatchObject({ code: 0, stderr: '' })
    gateway.finish()
    expect(await ended).toBe('whole')
    expect((await old.finished).code).toBe(0)
  })

  test('answer probes one after the other: the next one serves meanwhile, and takes the port once the first one has ended', {
    timeout: 60_000,
  }, async () => {
    const health = await freePort()
    configure({ health: { port: health } })
    const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${health}/readyz`)).status
    const old = start()
    await old.prints(/"msg":"listening"/)
    const { ended } = await openStream('ada')
    expect(await ready()).toBe(200)
    old.child.kill('SIGTERM')
    const next = start()
    await next.prints(/"for":"health".*"msg":"waiting"/)
    await next.prints(/"url".*"msg":"listening"/)
    await chat('bob')
    expect(await ready()).toBe(503)
    gateway.finish()
    expect(await ended).toBe('whole')
    await old.finished
    await next.prints(/"health":"[^"]+","msg":"listening"/)
    expect(await ready()).toBe(200)
  })
})
