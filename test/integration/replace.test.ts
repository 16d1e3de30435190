import { createServer, type Server } from 'node:http'
import { checkConfig, ConfigError, type ConfigInput } from '@postern/config'
import { createNodeDoor, guardServer, refuseAtDoor } from '@postern/instance'
import { Refusal } from '@postern/ports'
import { openInstance, postern } from '@postern/express'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listenAnywhere } from '../support/house.js'
import { audience, type Issuer, startIssuer } from '../support/issuer.js'
import { createMemoryLedger } from '../support/memory-ledger.js'

/** A gateway that answers JSON; of a stream it sends one event, and the rest when `finish` is called. */
function openGateway() {
  const held: (() => void)[] = []
  const server: Server = createServer((incoming, response) => {
    incoming.resume()
    const isStream = incoming.headers.accept === 'text/event-stream'
    response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' })
    const whole = JSON.stringify({ id: 'x', object: 'chat.completion', model: 'm', choices: [{ finish_reason: 'stop', message: {} }] })
    if (!isStream) {
      response.end(whole)
      return
    }
    response.write('data: {"id":"x","choices":[{"index":0,"delta":{"content":"begun"}}]}\n\n')
    held.push(() => response.end('data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'))
  })
  return {
    server,
    finish: () => held.splice(0).forEach((end) => end()),
    connections: () => new Promise<number>((done) => server.getConnections((_, count) => done(count))),
  }
}

let issuer: Issuer
let gateways: readonly ReturnType<typeof openGateway>[]
let origins: readonly string[]
const opened: (() => Promise<void>)[] = []

beforeEach(async () => {
  issuer = await startIssuer()
  gateways = [openGateway(), openGateway()]
  origins = await Promise.all(gateways.map(({ server }) => listenAnywhere(server)))
})

afterEach(async () => {
  for (const { server, finish } of gateways) {
    finish()
    server.closeAllConnections()
    server.close()
  }
  await Promise.all(opened.splice(0).map((close) => close()))
  await issuer.stop()
})

const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: 'a secret of more than thirty-two characters', RING: `agent:${'0'.repeat(64)}` }

function configOf(changes: Partial<ConfigInput> = {}, gateway = 0, settings: object = {}): ConfigInput {
  return {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: `${origins[gateway]}/v1`, attempts: 1, ...settings } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: {
      jwt: [{ issuer: issuer.issuer, audience, jwks: issuer.jwks, algorithms: ['RS256'], claims: { user: 'sub', team: 'team' } }],
    },
    ...changes,
  }
}

function check(config: ConfigInput) {
  const { checked, problems } = checkConfig(config, { env, directory: process.cwd() })
  if (checked === undefined) throw new ConfigError(problems)
  return checked
}

async function open(config: ConfigInput = configOf()) {
  const ledger = createMemoryLedger()
  const instance = openInstance(check(config), { ledger })
  const door = createNodeDoor(instance, (request, response) => refuseAtDoor(instance, request, response, new Refusal('not_found')))
  const server = guardServer(createServer({ requireHostHeader: false }, door), instance)
  const origin = await listenAnywhere(server)
  opened.push(async () => {
    server.closeAllConnections()
    server.close()
    await instance.close()
  })
  const token = await issuer.sign({ sub: 'ada', team: 'acme' })
  const ask = (headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Response> =>
    fetch(`${origin}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'm', messages: [], ...(headers['accept'] === undefined ? {} : { stream: true }) }),
      ...(signal === undefined ? {} : { signal }),
    })
  const statusOf = async (headers?: Readonly<Record<string, string>>): Promise<number> => {
    const answer = await ask(headers)
    await answer.text()
    return answer.status
  }
  return { instance, ledger, origin, ask, statusOf, token, replace: (next: ConfigInput) => instance.replace(check(next)) }
}

/** What arrived of a body, also if it breaks off. */
async function readToItsEnd({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) text += decoder.decode(piece, { stream: true })
  } catch {
    // The connection is closed behind the last frame.
  }
  return text
}

const streamed = { accept: 'text/event-stream' }

describe('what outlives a configuration', () => {
  test('the keys of an issuer are fetched once, and tokens that were verified stay so, as long as the issuer is the same', async () => {
    const { statusOf, replace } = await open()
    expect(await statusOf()).toBe(200)
    for (const model of ['m', 'm*', 'm**']) {
      replace(configOf({ policies: { models: [model] } }))
      expect(await statusOf()).toBe(200)
    }
    expect(issuer.fetches()).toBe(1)
    await issuer.stop()
    replace(configOf({ policies: { models: ['*'] } }))
    expect(await statusOf()).toBe(200)
    await issuer.start()
  })

  test('a token of an issuer that is gone, or whose teams were narrowed, is refused at once', async () => {
    const { statusOf, replace } = await open()
    expect(await statusOf()).toBe(200)
    const [narrowed] = configOf().callers.jwt as readonly object[]
    replace(configOf({ callers: { jwt: [{ ...narrowed, teams: ['globex'] }] } as ConfigInput['callers'] }))
    expect(await statusOf()).toBe(401)
    replace(configOf())
    expect(await statusOf()).toBe(200)
    replace(configOf({ callers: { service: { hashes: { env: 'RING' } } } }))
    expect(await statusOf()).toBe(401)
  })

  test('an issuer that was out in between is asked anew, although a call of the time before is open', async () => {
    const { ask, statusOf, replace } = await open()
    const stream = await ask(streamed)
    replace(configOf({ callers: { service: { hashes: { env: 'RING' } } } }))
    expect(await statusOf()).toBe(401)
    await issuer.rotate()
    replace(configOf())
    expect(await statusOf()).toBe(401)
    gateways[0]?.finish()
    await stream.text()
  })

  test('the allowance of a gateway that counts calls by address is not doubled', async () => {
    const settings = { addressLimit: { burst: 3, perMinute: 0.1, longestWait: '1ms' } }
    const { statusOf, replace } = await open(configOf({}, 0, settings))
    expect([await statusOf(), await statusOf()]).toEqual([200, 200])
    replace(configOf({ policies: { models: ['m'] } }, 0, settings))
    expect(await statusOf()).toBe(429)
  })

  test('failed authentications are counted on', async () => {
    const failedAuthentication = { limit: 2 }
    const { statusOf, replace } = await open(configOf({ failedAuthentication }))
    const wrong = { authorization: 'Bearer nobody.knows.this' }
    expect([await statusOf(wrong), await statusOf(wrong)]).toEqual([401, 401])
    replace(configOf({ failedAuthentication, policies: { models: ['m'] } }))
    expect(await statusOf(wrong)).toBe(429)
  })

  test('the key with which the backend is told who calls stays, although its configuration names none', async () => {
    const backend = { url: 'http://127.0.0.1:9', identity: {} }
    const { instance, replace } = await open(configOf({ backend }))
    const { jwks } = instance.runtime.assertions as NonNullable<typeof instance.runtime.assertions>
    replace(configOf({ backend: { ...backend, identity: { audience: 'another', ttl: '10s' } } }))
    expect(instance.runtime.assertions?.jwks).toBe(jwks)
  })

  test('connections to a gateway that left are closed after its last call, and not before', async () => {
    const { ask, statusOf, replace } = await open()
    const stream = await ask(streamed)
    expect(await statusOf()).toBe(200)
    const [left, next] = gateways as [ReturnType<typeof openGateway>, ReturnType<typeof openGateway>]
    expect(await left.connections()).toBe(2)
    replace(configOf({}, 1))
    expect(await statusOf()).toBe(200)
    expect(await next.connections()).toBe(1)
    expect(await left.connections()).toBeGreaterThan(0)
    left.finish()
    expect(await stream.text()).toMatch(/"begun"[\s\S]*: postern .*"finish":"complete".*\n\ndata: \[DONE\]/)
    await expect.poll(() => left.connections()).toBe(0)
    expect(await next.connections()).toBe(1)
  })
})

describe('an instance', () => {
  test('keeps everything as it was if a configuration cannot be taken', async () => {
    const { instance, statusOf, replace } = await open()
    const { runtime, checked } = instance
    expect(() => replace(configOf({ connections: { perAddress: 1 }, policies: { models: ['none'] } }))).toThrow(ConfigError)
    expect([instance.runtime, instance.checked]).toEqual([runtime, checked])
    expect(await statusOf()).toBe(200)
  })

  test.each<[string, Partial<ConfigInput>]>([
    ['connections', { connections: { perAddress: 7 } }],
    ['listen.trustedProxies', { listen: { trustedProxies: ['10.0.0.1'] } }],
    ['replicas', { replicas: 2, callers: { service: { hashes: { env: 'RING' } } } }],
  ])('refuses to change %s, which holds for connections that are open and state that is kept', async (path, changes) => {
    const { replace } = await open(configOf({ store: { memory: true } }))
    const next = configOf({ store: { memory: true }, ...changes })
    if (path === 'replicas') Object.assign(next, { store: { redis: 'redis://127.0.0.1:1' } })
    expect(() => replace(next)).toThrow(`${path}: cannot change while Postern runs`)
  })

  test('that stops takes no other configuration', async () => {
    const { instance, replace } = await open()
    instance.drain()
    expect(() => replace(configOf())).toThrow(/while Postern stops/)
  })

  test('ends, when it is cut, the calls of every configuration that it had', async () => {
    const { instance, ask, ledger, replace } = await open()
    const first = await ask(streamed)
    replace(configOf({ policies: { models: ['m'] } }))
    const second = await ask(streamed)
    instance.cut()
    for (const stream of [first, second]) expect(await readToItsEnd(stream)).toContain('"finish":"cut_shutdown"')
    expect(ledger.entries.map(({ finish }) => finish)).toEqual(['cut_shutdown', 'cut_shutdown'])
  })

  test('is closed once the calls of every configuration that it had are over', async () => {
    const { instance, ask, replace } = await open()
    const first = await ask(streamed)
    replace(configOf({ policies: { models: ['m'] } }))
    let isClosed = false
    const closing = instance.close().then(() => (isClosed = true))
    await new Promise((done) => setTimeout(done, 300))
    expect(isClosed).toBe(false)
    gateways[0]?.finish()
    await first.text()
    await closing
  })

  test('opens nothing more however often its configuration is replaced', async () => {
    const { statusOf, replace } = await open()
    await statusOf()
    for (let time = 0; time < 40; time += 1) {
      replace(configOf({ policies: { models: ['m', `m-${time}`] }, failedAuthentication: { limit: 10 + time } }))
      expect(await statusOf()).toBe(200)
    }
    expect(await gateways[0]?.connections()).toBe(1)
    expect(issuer.fetches()).toBe(1)
  })
})

describe('postern() in Express', () => {
  test('serves new calls with what replace() was given, and keeps what it had where that is wrong', async () => {
    const middleware = postern(configOf({ policies: { models: ['m'] } }), { env, ledger: createMemoryLedger() })
    const server = createServer(express().use('/ai', middleware))
    const origin = await listenAnywhere(server)
    opened.push(async () => {
      server.closeAllConnections()
      server.close()
      await middleware.close()
    })
    const token = await issuer.sign({ sub: 'ada', team: 'acme' })
    const ask = async (model: string): Promise<number> => {
      const answer = await fetch(`${origin}/ai/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [] }),
      })
      await answer.text()
      return answer.status
    }
    expect([await ask('m'), await ask('n')]).toEqual([200, 403])
    expect(middleware.replace(configOf({ policies: { models: ['n'] } }))).toEqual([
      { path: 'policies.models', what: 'changed', laxer: true },
    ])
    expect([await ask('m'), await ask('n')]).toEqual([403, 200])
    expect(() => middleware.replace({ ...configOf(), keys: {} })).toThrow(ConfigError)
    expect(() => middleware.replace('postern.yaml' as unknown as ConfigInput)).toThrow(TypeError)
    expect(await ask('n')).toBe(200)
  })
})
