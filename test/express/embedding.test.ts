import { type ConfigInput, ConfigError } from '@postern/core'
import { postern } from '@postern/express'
import { startEmulator, issueKey } from '@postern/emulator'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { createMemoryLedger } from '../support/memory-ledger.js'
import { callerCredential, ringEntry } from '../support/secrets.js'

const credential = callerCredential()

async function embed(prepare: (app: express.Express) => void = () => {}) {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key] })
  const config: ConfigInput = {
    version: 1,
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { backend: { team: 'acme' } } } },
  }
  const middleware = postern(config, { env: { KEY: key.secret, RING: ringEntry('backend', credential) }, ledger: createMemoryLedger() })
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

  test('says what is wrong when a body parser was mounted before it', async () => {
    const { app, close } = await embed((early) => early.use(express.json()))
    const answer = await request(app).post('/gate/v1/chat/completions').auth(credential, { type: 'bearer' }).send(chat)
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('before express.json()')
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
})
