import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { createLogLedger } from '@postern/instance'
import { createMemoryStore } from '@postern/ports'
import { parseGovernance } from '@postern/protocol'
import OpenAI from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { startSidecar } from '../../sidecar/src/sidecar.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { type DoorName, doorNames, type House, type HouseOptions, openHouse } from '../support/house.js'
import { opened } from '../support/opened.js'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function openWith(answer: RequestListener, options: HouseOptions = {}): Promise<{ house: House; upstream: HostileUpstream }> {
  const upstream = await startHostileUpstream(answer)
  closing.push(() => upstream.close())
  const house = await openHouse({ ...options, baseURL: upstream.baseURL })
  closing.push(() => house.close())
  return { house, upstream }
}

const event = 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'

/** Begins an answer and never ends it. */
const begins =
  (type: string, part: string | Buffer): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-type': type })
    response.flushHeaders()
    if (part.length > 0) response.write(part)
  }
const silent: RequestListener = () => {}

describe.each(doorNames)('what a process cuts when it ends, behind the %s door', (door: DoorName) => {
  test('is told in the last frame of a stream, and booked as that', async () => {
    const { house } = await openWith(begins('text/event-stream', event), { door })
    const answer = await house.chat({ body: { stream: true } })
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    let text = new TextDecoder().decode((await reader.read()).value)
    house.runtime.cut()
    const rest = async (): Promise<void> => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += new TextDecoder().decode(part.value)
    }
    // It is cut, and cannot be taken for a stream that ended.
    await expect(rest()).rejects.toThrow()
    expect(text.startsWith(event)).toBe(true)
    expect(text).not.toContain('[DONE]')
    expect(parseGovernance(/^: postern (.*)$/m.exec(text)?.[1])).toMatchObject({ finish: 'cut_shutdown', attempt: 1, key: 'acme' })
    await expect.poll(() => house.ledger.entries).toMatchObject([{ finish: 'cut_shutdown', status: 200 }])
  })

  test.each([
    ['an answer that has not begun', silent, {}],
    ['JSON of which a part has come', begins('application/json', '{"id":'), {}],
    ['a stream without an event', begins('text/event-stream', ''), { stream: true }],
  ] as const)('%s is refused, and no client repeats it', async (_, answer, body) => {
    const { house, upstream } = await openWith(answer, { door })
    const openai = new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme })
    const asked = openai.chat.completions
      .create({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], ...body })
      .catch((error: unknown) => error as InstanceType<typeof OpenAI.APIError>)
    await expect.poll(() => upstream.seen.length).toBe(1)
    await new Promise((later) => setTimeout(later, 50))
    house.runtime.cut()
    const failure = (await asked) as InstanceType<typeof OpenAI.APIError>
    expect([failure.status, failure.code, failure.headers?.get('x-should-retry')]).toEqual([503, 'draining', 'false'])
    expect(parseGovernance(failure.headers?.get('postern-governance'))).toMatchObject({ finish: 'cut_shutdown' })
    await expect.poll(() => house.ledger.entries).toMatchObject([{ finish: 'cut_shutdown', status: 503, code: 'draining' }])
    expect(upstream.seen).toHaveLength(1)
  })

  test('a call that waits for its turn at the gateway is refused alike, and its turn does not come', async () => {
    const { house, upstream } = await openWith(silent, { door, settings: { addressLimit: { burst: 1, perMinute: 60 } } })
    const first = house.chat()
    await expect.poll(() => upstream.seen.length).toBe(1)
    const second = house.chat()
    await new Promise((later) => setTimeout(later, 100))
    house.runtime.cut()
    for (const answer of await Promise.all([first, second]))
      expect([answer.status, answer.headers.get('postern-refusal'), answer.headers.get('x-should-retry')]).toEqual([
        503,
        'draining',
        'false',
      ])
    await new Promise((later) => setTimeout(later, 1200))
    expect(upstream.seen).toHaveLength(1)
    const booked = { finish: 'cut_shutdown', status: 503, code: 'draining' }
    expect(house.ledger.entries).toMatchObject([booked, booked])
  })

  test('a sound of which a part was sent is cut and booked alike', async () => {
    const { house } = await openWith(begins('audio/mpeg', Buffer.alloc(100)), { door })
    const answer = await house.chat()
    house.runtime.cut()
    await expect(answer.arrayBuffer()).rejects.toThrow()
    await expect.poll(() => house.ledger.entries).toMatchObject([{ finish: 'cut_shutdown', status: 200 }])
  })

  test('a client that left before is booked as it was', async () => {
    const { house, upstream } = await openWith(silent, { door })
    const leaving = new AbortController()
    const asked = house.chat({ signal: leaving.signal })
    await expect.poll(() => upstream.seen.length).toBe(1)
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await expect.poll(() => house.ledger.entries).toMatchObject([{ finish: 'client_closed', status: 499 }])
    house.runtime.cut()
    expect(house.ledger.entries).toHaveLength(1)
  })
})

describe('the process', () => {
  test('ends streams at its deadline with a last frame, and books every call that it cut', async () => {
    const { house, upstream } = await openWith(begins('text/event-stream', event), {
      config: { listen: { port: 0 }, shutdown: { deadline: '100ms' } },
    })
    const sidecar = await startSidecar({ runtime: house.runtime, directory: process.cwd() })
    const call = (body: string, length = body.length): Promise<string> =>
      new Promise((resolve) => {
        const { hostname, port } = new URL(sidecar.url)
        const socket = connect(Number(port), hostname)
        let text = ''
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
        socket.on('error', () => {})
        socket.on('close', () => resolve(text))
        const head = `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
        socket.write(head + body)
      })
    const body = JSON.stringify({ model: 'auto', messages: [], stream: true })
    const streams = [call(body), call(body)]
    const unsent = call('{"model":', 500)
    await expect.poll(() => upstream.seen.length).toBe(2)
    await new Promise((later) => setTimeout(later, 50))
    expect(await sidecar.close()).toBe(false)
    for (const text of await Promise.all(streams)) expect(text).toMatch(/: postern .*"finish":"cut_shutdown"/)
    expect(await unsent).toMatch(/^HTTP\/1\.1 503 [^]*"code":"draining"/)
    expect(await unsent).toMatch(/^x-should-retry: false\r$/im)
    await expect.poll(() => house.ledger.entries.length).toBe(3)
    expect(house.ledger.entries.map(({ finish }) => finish)).toEqual(['cut_shutdown', 'cut_shutdown', 'cut_shutdown'])
  })
})

describe.each(doorNames)('a client that leaves, behind the %s door', (door: DoorName) => {
  const media = `Content-Type: audio/wav\r\n`
  const json = `Content-Type: application/json\r\n`
  const whole = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] })
  const moments: readonly [string, string, string, string][] = [
    ['before the first byte of a form', 'audio/transcriptions', `${media}Content-Length: 5000\r\n`, ''],
    ['within a form', 'audio/transcriptions', `${media}Content-Length: 5000\r\n`, 'RIFF0000'],
    ['within a form in chunks', 'audio/transcriptions', `${media}Transfer-Encoding: chunked\r\n`, '8\r\nRIFF0000\r\n'],
    ['within a chunk', 'audio/transcriptions', `${media}Transfer-Encoding: chunked\r\n`, '8\r\nRIF'],
    ['before the first byte of JSON', 'chat/completions', `${json}Content-Length: 5000\r\n`, ''],
    ['within JSON', 'chat/completions', `${json}Content-Length: 5000\r\n`, whole],
    ['within JSON in chunks', 'chat/completions', `${json}Transfer-Encoding: chunked\r\n`, '8\r\n{"model"\r\n'],
    ['after its request', 'chat/completions', `${json}Content-Length: ${whole.length}\r\n`, whole],
  ]
  test.each(moments)('%s is a client that left, and no fault of ours', async (_, path, headers, body) => {
    // It answers once Postern has left it: until then the client has no answer, however busy the machine is.
    const { house } = await openWith((_request, response) => response.on('close', () => response.end(plainCompletion)), {
      door,
      settings: { endpoints: opened('audio/transcriptions') },
    })
    const { hostname, port } = new URL(house.origin)
    const waits = [0, 1, 5, 20]
    for (const how of ['end', 'reset'] as const) {
      for (const wait of waits) {
        await new Promise<void>((left) => {
          const socket = connect(Number(port), hostname, () => {
            socket.write(
              `POST /ai/v1/${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${house.callers.acme}\r\n${headers}\r\n${body}`,
              () => setTimeout(() => (how === 'end' ? socket.destroy() : socket.resetAndDestroy()), wait),
            )
          })
          socket.on('error', () => {})
          socket.on('close', () => left())
        })
      }
    }
    await house.runtime.underWay.none()
    // Some left before their request was read: those are no requests.
    const entries = house.ledger.entries.map(({ finish, status, code }) => ({ finish, status, code }))
    expect(entries.length).toBeGreaterThan(0)
    for (const entry of entries) expect(entry).toEqual({ finish: 'client_closed', status: 499, code: undefined })
  })
})

describe.each(doorNames)('a client that leaves while others are asked about it, behind the %s door', (door: DoorName) => {
  const answers: readonly [string, RequestListener][] = [
    ['never', () => {}],
    ['that nobody is signed in', (_, response) => setTimeout(() => response.writeHead(401).end(), 300)],
    ['with a fault', (_, response) => setTimeout(() => response.writeHead(500).end(), 300)],
    ['who it is', (_, response) => setTimeout(() => response.setHeader('content-type', 'application/json').end('{"user":"ada"}'), 300)],
  ]
  describe.each(['v1/chat/completions', 'session'])('with a request for %s', (path) => {
    test.each(answers)('is booked as that, and not with a status that nobody got: the backend answers %s', async (_, answer) => {
      const backend = await startHostileUpstream(answer)
      closing.push(() => backend.close())
      const house = await openHouse({ door, callers: { forwardAuth: { url: `${backend.baseURL}/me`, timeout: '500ms' } } })
      closing.push(() => house.close())
      const leaving = new AbortController()
      const asked = fetch(`${house.origin}/ai/${path}`, {
        method: 'POST',
        headers: { cookie: 'sid=1', 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
        body: '{"model":"auto","messages":[]}',
        signal: leaving.signal,
      })
      await expect.poll(() => backend.seen.length).toBe(1)
      leaving.abort()
      await expect(asked).rejects.toThrow()
      const entry = await house.ledger.entry(() => true)
      expect(entry).toMatchObject({ finish: 'client_closed', status: 499 })
      expect(entry.code).toBeUndefined()
      if (_ === 'with a fault' || _ === 'never') expect(entry.cause).toMatch(/\w/)
    })
  })

  test('is booked as that where the store fails behind it', async () => {
    const store = createMemoryStore()
    let fail = (): void => {}
    const asked = new Promise<void>((called) => {
      Object.assign(store.counters, {
        add: () => {
          called()
          return new Promise((_, reject) => (fail = () => reject(new Error('the store is gone'))))
        },
      })
    })
    const house = await openHouse({ door, store })
    closing.push(() => house.close())
    const { token } = await house.minter.mint({ user: 'ada', team: 'acme', maxCalls: 3 })
    const leaving = new AbortController()
    const call = house.chat({ credential: token, signal: leaving.signal })
    await asked
    leaving.abort()
    await expect(call).rejects.toThrow()
    await new Promise((later) => setTimeout(later, 50))
    fail()
    const entry = await house.ledger.entry(() => true)
    expect(entry).toMatchObject({ finish: 'client_closed', status: 499, cause: expect.stringContaining('the store is gone') as string })
  })
})

describe('a session that is ended leaves a line', () => {
  test.each(doorNames)('of who ended it, by its own request, behind the %s door', async (door) => {
    const house = await openHouse({ door })
    closing.push(() => house.close())
    const { token, id } = await house.minter.mint({ user: 'ada', team: 'acme' })
    const answer = await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(204)
    expect(house.ledger.events).toEqual([
      {
        event: 'session_ended',
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        kind: 'id',
        name: id,
        via: 'session',
        by: `session:${id}`,
        user: 'ada',
        team: 'acme',
        request_id: answer.headers.get('x-request-id'),
      },
    ])
    // Who could not end it leaves none.
    await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
    await fetch(`${house.origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect(house.ledger.events).toHaveLength(1)
  })

  test('in the log, as a line of its own among the calls', async () => {
    let lines = ''
    const ledger = createLogLedger({ write: (text) => (lines += text), flush: () => Promise.resolve() })
    ledger.event?.({
      event: 'session_ended',
      time: '2026-01-02T03:04:05.678Z',
      kind: 'team',
      name: 'acme',
      via: 'admin',
      by: 'admin',
      user: undefined,
      team: undefined,
      request_id: '_._.u.0',
    })
    await ledger.close()
    expect(JSON.parse(lines)).toMatchObject({ level: 'info', msg: 'session_ended', kind: 'team', name: 'acme', via: 'admin', by: 'admin' })
  })
})
