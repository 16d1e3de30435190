import { createServer, type Server } from 'node:http'
import { postern } from '@postern/express'
import { issueKey, startEmulator } from '@postern/emulator'
import type { ConfigInput } from '@postern/config'
import type express from 'express'
// Its types are those of Express 5, as far as this test uses them.
import express4 from 'express-4'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { createMemoryLedger } from '../support/memory-ledger.js'
import { callerCredential, ringEntry } from '../support/secrets.js'

const createApp = express4 as typeof express
const credential = callerCredential()

let server: Server
let origin: string
let close: () => Promise<void>
beforeAll(async () => {
  const key = issueKey('joytoken')
  const emulator = await startEmulator('joytoken', { keys: [key] })
  const config: ConfigInput = {
    version: 1,
    gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' }, principals: { backend: { team: 'acme' } } } },
  }
  const env = { KEY: key.secret, RING: ringEntry('backend', credential) }
  const middleware = postern(config, { env, ledger: createMemoryLedger() })
  const app = createApp()
  app.use('/ai', middleware)
  app.use('/late', createApp.json(), middleware)
  app.use(createApp.json())
  app.post('/own', (request, response) => {
    response.json(request.body)
  })
  server = createServer(app)
  origin = await listenAnywhere(server)
  close = async () => {
    server.closeAllConnections()
    server.close()
    await middleware.close()
    await emulator.close()
  }
})
afterAll(() => close())

const ask = (path: string, body: object, headers: object = { authorization: `Bearer ${credential}` }): Promise<Response> =>
  fetch(origin + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
const chat = { model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }

describe('the middleware in Express 4.18', () => {
  test.each(['/ai//v1/chat/completions', '/ai///v1/chat/completions'])(
    'answers %s with 404, as the stand-alone process does',
    async (path) => {
      const answer = await ask(path, chat)
      expect([answer.status, await answer.json()]).toEqual([
        404,
        expect.objectContaining({ error: expect.objectContaining({ code: 'not_found' }) }),
      ])
    },
  )

  test('answers calls and streams under its path, and leaves the rest to the application', async () => {
    const answer = await ask('/ai/v1/chat/completions', chat)
    expect([answer.status, answer.headers.get('postern-governance')]).toEqual([200, expect.stringContaining('"key":"acme"')])
    expect(await answer.text()).toContain('You said: Hello')
    const stream = await ask('/ai/v1/chat/completions', { ...chat, stream: true })
    expect(await stream.text()).toMatch(/: postern .*"finish":"complete"[\s\S]*data: \[DONE\]/)
    expect(await (await ask('/own', { a: 1 })).json()).toEqual({ a: 1 })
  })

  test('refuses with its own head, without the name of the framework', async () => {
    const answer = await ask('/ai/v1/chat/completions', chat, {})
    expect([answer.status, answer.headers.get('postern-refusal')]).toEqual([401, 'caller_missing'])
    expect(answer.headers.get('x-powered-by')).toBeNull()
    expect((await ask('/ai/v1/unheard/of', chat)).status).toBe(403)
  })

  test('says what is wrong when a body parser was mounted before it', async () => {
    const answer = await ask('/late/v1/chat/completions', chat)
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('Mount postern(…) before express.json()')])
  })
})
