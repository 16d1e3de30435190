import Anthropic from '@anthropic-ai/sdk'
import { checkConfig } from '@postern/config'
import { guardServer } from '@postern/instance'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, listenAnywhere, openHouse } from '../support/house.js'
import { jwtCallers, type Issuer, startIssuer } from '../support/issuer.js'
import { openSidecar } from '../support/open-sidecar.js'
import { opened } from '../support/opened.js'
import { rawConnection } from '../support/raw-connection.js'

interface Taken {
  readonly answer: IncomingMessage
  readonly text: string
}

/** Asks as a client does that takes large heads, and sends its body in pieces. */
function ask(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  pieces: readonly Buffer[],
  pauseMs = 0,
): Promise<Taken> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false, maxHeaderSize: 512 * 1024 }, (answer) => {
      let text = ''
      answer.on('data', (piece: Buffer) => (text += piece.toString()))
      answer.on('end', () => resolve({ answer, text }))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    void (async () => {
      for (const piece of pieces) {
        asked.write(piece)
        if (pauseMs > 0) await wait(pauseMs)
      }
      asked.end()
    })()
  })
}

const lines = (bytes: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: Math.floor(bytes / 1000) }, (_, index) => [`x-large-${index}`, 'v'.repeat(980)]))

describe.each(doorNames)('what Node and undici do by themselves is decided, behind the %s door', (door) => {
  let upstream: HostileUpstream
  let house: House
  let answer: RequestListener

  beforeAll(async () => {
    upstream = await startHostileUpstream((incoming, response) => answer(incoming, response))
    const { baseURL } = upstream
    house = await openHouse({
      door,
      config: {
        gateways: { main: { dialect: 'openai', baseURL, attempts: 1, endpoints: opened('raw'), timeouts: { headers: '500ms' } } },
      },
    })
  })
  afterAll(async () => {
    await house.close()
    await upstream.close()
  })
  const call = (body: object = {}): Promise<Taken> =>
    ask(
      `${house.baseURL}/chat/completions`,
      'POST',
      { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
      [Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hello' }], ...body }))],
    )

  test.each([20_000, 60_000])('an answer with a head of %i bytes passes with every line of it', async (bytes) => {
    const kinds = [
      [200, 'application/json', plainCompletion, {}],
      [200, 'text/event-stream', 'data: {"choices":[]}\n\ndata: [DONE]\n\n', { stream: true }],
      [200, 'audio/mpeg', 'ID3', {}],
    ] as const
    for (const [status, type, body, asked] of kinds) {
      answer = (_, response) => void response.writeHead(status, { ...lines(bytes), 'content-type': type }).end(body)
      const taken = await call(asked)
      const passed = Object.keys(taken.answer.headers).filter((name) => name.startsWith('x-large-'))
      expect([taken.answer.statusCode, passed.length, taken.text.includes(body.slice(0, 20))], type).toEqual([
        status,
        Math.floor(bytes / 1000),
        true,
      ])
    }
    answer = (_, response) =>
      void response.writeHead(400, lines(bytes)).end('{"error":{"message":"Not so.","type":"invalid_request_error"}}')
    expect((await call()).answer.statusCode).toBe(400)
  })

  test('one with a larger head is refused, and the next one passes', async () => {
    answer = (_, response) => void response.writeHead(200, { ...lines(90_000), 'content-type': 'application/json' }).end(plainCompletion)
    expect((await call()).answer.statusCode).toBe(502)
    answer = (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
    expect((await call()).answer.statusCode).toBe(200)
  })

  test('an upload takes as long as it takes: the time for the head of an answer begins behind it', async () => {
    answer = (_, response) => void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('taken')
    const headers = { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/octet-stream' }
    const pieces = Array.from({ length: 12 }, () => Buffer.alloc(2000, 1))
    for (const framing of [{ 'content-length': '24000' }, { 'transfer-encoding': 'chunked' }]) {
      const taken = await ask(`${house.baseURL}/raw`, 'POST', { ...headers, ...framing }, pieces, 200)
      expect([taken.answer.statusCode, taken.text]).toEqual([200, 'taken'])
    }
    expect(guardServer(createServer(), house.runtime).requestTimeout).toBe(0)
  })
})

test('a gateway is waited for as long as the official clients wait, for a head and for each byte', () => {
  const { checked } = checkConfig(
    {
      version: 1,
      gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: [{ default: true, key: 'acme' }],
      callers: { anonymous: { user: 'anybody', limit: 10 } },
      store: { memory: true },
    },
    { env: { KEY: 'key-of-acme-1234' }, directory: process.cwd() },
  )
  const { headers, idle } = checked?.config.gateways['main']?.timeouts ?? { headers: 0, idle: 0 }
  for (const theirs of [OpenAI.DEFAULT_TIMEOUT, Anthropic.DEFAULT_TIMEOUT])
    expect([headers, idle].every((ours) => ours >= theirs)).toBe(true)
})

describe('the process', () => {
  let backend: Server
  let origin: string
  const page: RequestListener = (incoming, response) => {
    incoming.resume()
    response.writeHead(200, { ...lines(20_000), 'content-type': 'text/html' }).end('a page')
  }
  beforeAll(async () => {
    backend = createServer(page)
    origin = await listenAnywhere(backend)
  })
  afterAll(async () => {
    backend.closeAllConnections()
    await new Promise((done) => backend.close(done))
  })

  test('keeps a connection that asks for nothing as long as it is told to, and says so', async () => {
    const patient = await openSidecar({ backend: origin, config: { listen: { port: 0, keepAlive: '620s' } } })
    const hasty = await openSidecar({ backend: origin, config: { listen: { port: 0, keepAlive: '20ms' } } })
    const asked = 'GET /ai/v1/models HTTP/1.1\r\nHost: a\r\n\r\n'
    const kept = await rawConnection(patient.origin, asked)
    expect([kept.text.includes('Keep-Alive: timeout=620'), kept.closed]).toEqual([true, false])
    const hung = connect(Number(new URL(hasty.origin).port), '127.0.0.1')
    hung.resume().write(asked)
    await once(hung, 'close')
    await Promise.all([patient.close(), hasty.close()])
  })

  test('passes a page with a large head, on either road to the backend', async () => {
    const sidecar = await openSidecar({ backend: origin })
    const ways = [
      ['GET', [], {}],
      ['POST', [Buffer.alloc(200_000, 1)], { 'content-type': 'application/octet-stream', 'content-length': '200000' }],
    ] as const
    for (const [method, pieces, headers] of ways) {
      const { answer, text } = await ask(`${sidecar.origin}/page`, method, headers, pieces)
      expect([method, answer.statusCode, text, answer.headers['x-large-19']?.length]).toEqual([method, 200, 'a page', 980])
    }
    await sidecar.close()
  })
})

describe('an issuer that serves its keys by their own name only', () => {
  let keys: Server
  let issuer: Issuer
  let house: House
  beforeAll(async () => {
    issuer = await startIssuer()
    keys = createServer(({ headers }, response) => {
      const accepted = (headers.accept ?? '*/*').split(',').map((each) => each.split(';')[0]?.trim())
      if (accepted.includes('application/jwk-set+json'))
        response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(JSON.stringify({ keys: [issuer.publicKey()] }))
      else response.writeHead(406).end()
    })
    house = await openHouse({ callers: { jwt: [{ ...jwtCallers(issuer), jwks: `${await listenAnywhere(keys)}/keys` }] } })
  })
  afterAll(async () => {
    await house.close()
    await issuer.stop()
    keys.closeAllConnections()
    await new Promise((done) => keys.close(done))
  })

  test('signs nobody out', async () => {
    expect((await house.chat({ credential: await issuer.sign() })).status).toBe(200)
  })
})
