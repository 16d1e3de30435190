import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ConfigError, type ConfigInput } from '@postern/config'
import { createMemoryStore, type Ledger, type Store } from '@postern/ports'
import { postern, type PosternOptions } from '@postern/express'
import { startEmulator, issueKey } from '@postern/emulator'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createMemoryLedger } from '../support/memory-ledger.js'
import { callerCredential, ringEntry } from '../support/secrets.js'

const credential = callerCredential()

async function embed(prepare: (app: express.Express) => void = () => {}, options: PosternOptions = {}) {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key] })
  const config: ConfigInput = {
    version: 1,
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { backend: { team: 'acme' } } } },
  }
  const middleware = postern(config, {
    env: { KEY: key.secret, RING: ringEntry('backend', credential) },
    ledger: createMemoryLedger(),
    ...options,
  })
  const app = express()
  prepare(app)
  app.use('/gate', middleware)
  app.use(express.json())
  app.post('/own', (incoming, answer) => {
    answer.json(incoming.body)
  })
  return {
    app,
    middleware,
    async close() {
      await middleware.close()
      await emulator.close()
    },
  }
}

const plain: ConfigInput = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY_OF_NOBODY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { service: { hashes: { env: 'RING' }, principals: { backend: { team: 'acme' } } } },
}
const plainEnv = { KEY_OF_NOBODY: 'jt_0123456789', RING: ringEntry('backend', credential) }

const chat = { model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }

describe('Postern inside an Express application', () => {
  test('answers under the path it is mounted at, and leaves the rest to the application', async () => {
    const { app, close } = await embed()
    const answer = await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(answer.status).toBe(200)
    expect((answer.body as { choices: unknown[] }).choices).toHaveLength(1)
    expect(answer.headers['postern-governance']).toContain('"key":"acme"')
    expect((await request(app).post('/own').send({ a: 1 })).body).toEqual({ a: 1 })
    await close()
  })

  test('tells what happens to whoever the application names for it', async () => {
    const events: string[] = []
    const { app, close } = await embed(undefined, { witness: ({ type }) => void events.push(type) })
    await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(events).toEqual(['call_begun', 'call_ended'])
    await close()
  })

  test('says what is wrong when a body parser was mounted before it', async () => {
    const { app, close } = await embed((early) => early.use(express.json()))
    const answer = await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('before express.json()')
    await close()
  })

  test('says what is wrong when the application makes text of every body, and its process lives', async () => {
    const { app, close } = await embed((early) =>
      early.use((incoming, _, next) => {
        incoming.setEncoding('utf8')
        next()
      }),
    )
    const answer = await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('request.setEncoding(…) was called')
    await close()
  })

  test('answers 500 to a body of which text is made while Postern reads it, and its process lives', async () => {
    const { app, close } = await embed((early) =>
      early.use((incoming, _, next) => {
        next()
        incoming.setEncoding('utf8')
      }),
    )
    const answer = await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(answer.status).toBe(500)
    expect((answer.body as { error: { code: string } }).error.code).toBe('internal_error')
    await close()
  })

  test('refuses new calls once it drains', async () => {
    const { app, middleware, close } = await embed()
    middleware.drain()
    const answer = await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(answer.status).toBe(503)
    expect(answer.headers['postern-refusal']).toBe('draining')
    await close()
  })

  test.each(['postern.yaml', 'version: 1', undefined, null])('says of %j in place of a configuration that it takes an object', (config) => {
    expect(() => postern(config as unknown as ConfigInput)).toThrow(/^postern\(\) takes the configuration as an object, not as a path/)
  })

  test('does not begin with a configuration that cannot be used', () => {
    expect(() => postern({ version: 1, gateways: {}, keys: {}, bindings: [{ team: 'a', key: 'none' }], callers: {} }, { env: {} })).toThrow(
      ConfigError,
    )
  })

  test.each<[store: ConfigInput['store'], written: string]>([
    [{ sqlite: './postern.db' }, "openStore({ sqlite: resolve('postern.db'), owner: true })"],
    [{ redis: 'redis://127.0.0.1:6379' }, 'openStore({ redis: { url: process.env.REDIS_URL } })'],
  ])('does not begin with the store %j, which it is not given, and says how to give it', (store, written) => {
    expect(() => postern({ ...plain, store }, { env: plainEnv })).toThrow(
      `store: is not opened by the middleware. Open it and pass it: postern(config, { store: ${written} })`,
    )
  })

  test('does not begin with a store of the interface before ports, and says what each of its methods is called now', () => {
    const verbs = {
      scope: 'process',
      remember: async () => true,
      count: async () => 1,
      revoke: async () => {},
      revocations: async () => ({}),
    }
    expect(() => postern(plain, { env: plainEnv, store: verbs as unknown as Store })).toThrow(
      'store: that is passed has no seen.add, counters.add, budgets.reserve, budgets.extend, budgets.settle, budgets.look, budgets.bookAbandoned, budgets.takeNotes, budgets.dropNotes, locks.take, locks.release, revocations.append, revocations.after. Rename: remember is seen.add,',
    )
  })

  test.each<[what: string, store: unknown]>([
    ['a path', './postern.db'],
    ['null', null],
    ['settings', { sqlite: './postern.db' }],
    ['a promise', Promise.resolve(createMemoryStore())],
  ])('says of %s in place of a store how one is opened', (_, store) => {
    expect(() => postern(plain, { env: plainEnv, store: store as Store })).toThrow('Pass what openStore of @postern/stores gives')
  })

  test.each<[what: string, ledger: unknown, said: string]>([
    ['a promise', Promise.resolve({}), 'ledger: that is passed has no append, flush. It is still a promise: write  await  before it'],
    ['a path', './ledger.db', 'Pass what createSqliteLedger of @postern/stores/ledger gives'],
    ['one that cannot be flushed', { append() {} }, 'ledger: that is passed has no flush.'],
  ])('says of %s in place of a ledger how one is opened', (_, ledger, said) => {
    expect(() => postern(plain, { env: plainEnv, ledger: ledger as Ledger })).toThrow(said)
  })

  test('says of a store of which one method is missing which one', () => {
    const store = { ...createMemoryStore(), counters: {} } as unknown as Store
    expect(() => postern(plain, { env: plainEnv, store })).toThrow('store: that is passed has no counters.add.')
  })

  test('says of a variable that is not set where it is looked for', () => {
    expect(() => postern(plain)).toThrow(
      'Set KEY_OF_NOBODY. If it stands in a file .env, start Node with --env-file=.env: the middleware reads none.',
    )
    expect(() => postern(plain, { env: { RING: plainEnv.RING } })).toThrow('Put KEY_OF_NOBODY into the env that postern() is given.')
  })

  test('writes warnings of its configuration, and names what has no effect in an application', () => {
    const lines: string[] = []
    const log = (level: string, message: string): void => void lines.push(`${level} ${message}`)
    postern({ ...plain, mount: '/ai/v1', listen: { host: '0.0.0.0', port: 80, hosts: ['app.example'] } }, { env: plainEnv, log })
    expect(lines).toEqual(['warn mount: ends in /v1, which Postern adds: the API is at /ai/v1/v1. Write /ai.'])
    lines.length = 0
    const idle = {
      listen: { keepAlive: '75s' },
      connections: { perAddress: 10, underWay: 4 },
      backend: { url: 'http://127.0.0.1:3000' },
      admin: { socket: './postern.sock' },
      shutdown: { deadline: '10s' },
    }
    postern({ ...plain, ...idle }, { env: plainEnv, log })
    expect(lines.map((line) => line.split(' in')[0])).toEqual(
      ['listen.keepAlive', 'connections.perAddress', 'backend', 'admin', 'shutdown'].map((path) => `warn ${path}: has no effect`),
    )
    lines.length = 0
    postern(plain, { env: plainEnv, log })
    expect(lines).toEqual([])
  })

  test('warns of a store of memory that is passed where the configuration names one that remembers', () => {
    const lines: string[] = []
    const log = (level: string, message: string): void => void lines.push(`${level} ${message}`)
    for (const store of [{ sqlite: './postern.db' }, { redis: 'redis://127.0.0.1:9' }])
      postern({ ...plain, store }, { env: plainEnv, log, store: createMemoryStore() })
    postern({ ...plain, store: { sqlite: './postern.db' } }, { env: plainEnv, log, store: { ...createMemoryStore(), scope: 'machine' } })
    postern({ ...plain, store: { memory: true } }, { env: plainEnv, log, store: createMemoryStore() })
    expect(lines.map((line) => line.split(' which')[0])).toEqual(
      ['sqlite', 'redis'].map((name) => `warn store.${name}: is not the store that is passed,`),
    )
  })

  test('writes warnings to stdout where it is given neither a log nor a ledger', async () => {
    const config = JSON.stringify({ ...plain, shutdown: { deadline: '10s' } })
    const program = `import { postern } from '@postern/express'
await postern(${config}, { env: ${JSON.stringify(plainEnv)} }).close()`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
    expect(JSON.parse(stdout)).toMatchObject({ level: 'warn', msg: expect.stringMatching(/^shutdown: has no effect/) })
  })
})
