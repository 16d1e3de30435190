import type { RequestListener } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { type Dialect, dialects } from '@postern/gateways'
import { parseGovernance } from '@postern/protocol'
import OpenAI from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A house in front of a gateway that always answers alike, with all the attempts that a dialect allows. */
async function openWith(answer: RequestListener, options: HouseOptions = {}): Promise<{ house: House; upstream: HostileUpstream }> {
  const upstream = await startHostileUpstream(answer)
  closing.push(() => upstream.close())
  const house = await openHouse({ ...options, baseURL: upstream.baseURL })
  closing.push(() => house.close())
  return { house, upstream }
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }

const events =
  (...data: readonly unknown[]): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const each of data) response.write(`data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`)
    response.end()
  }

/** The client that most callers have, with the retries that it makes unless told otherwise. */
const openaiOf = (house: House): OpenAI => new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme })

const question = { model: 'auto', messages: [{ role: 'user' as const, content: 'Hello' }] }

describe('Postern tries nothing again that may have run', () => {
  const retriable = (message: string, more: object = {}) => ({
    error: { message: `All providers failed: ${message}`, type: 'usage_retriable', ...more },
  })
  const cases: readonly [string, HouseOptions['gateway'], number, unknown][] = [
    ['a provider that timed out, called throttled', 'freeai', 429, retriable('Request timed out.')],
    ['a 500 of a provider, called throttled', 'freeai', 429, retriable('500 status code (no body)', { upstream_status: 500, attempts: 1 })],
    ['a 502 of a provider, called throttled', 'freeai', 429, retriable('502 Bad Gateway', { upstream_status: 502, attempts: 2 })],
    ['a 408 of a provider, called throttled', 'freeai', 429, retriable('408 deadline')],
    ['a 504 of a provider, called throttled', 'freeai', 429, retriable('504 Gateway Timeout', { attempts: 2 })],
    [
      'a 429 of the second provider, when the first may have run it',
      'freeai',
      429,
      retriable('429', { upstream_status: 429, attempts: 2 }),
    ],
    ['a 503 that documents advise to repeat', 'joytoken', 503, { error: { message: 'downstream', type: 'upstream_error' } }],
    ['the 503 of a provider, passed on', 'opentoken', 503, { error: { message: 'no', type: 'upstream_error', code: 'upstream_error' } }],
    ['the 529 of a provider, passed on', 'opentoken', 529, { error: { message: 'no', type: 'upstream_error', code: 'upstream_error' } }],
    ['a 502 after the upstream was lost', 'mintoken', 502, { detail: 'upstream connection lost' }],
    ['a 503 of a gateway that restarts', 'mintoken', 503, { detail: 'briefly unavailable' }],
    ['a 500', 'onysoft', 500, { success: false, error: { code: 'server_error', message: 'no' } }],
  ]
  test.each(cases)('%s', async (_, gateway, status, body) => {
    const { house, upstream } = await openWith(json(status, body), { gateway: gateway as NonNullable<HouseOptions['gateway']> })
    expect((await house.chat()).status).toBeGreaterThanOrEqual(400)
    expect(upstream.seen).toHaveLength(1)
    expect(house.ledger.entries).toMatchObject([{ attempt: 1, finish: 'upstream_error' }])
  })

  test('the failures that a dialect repeats are these and no others', () => {
    const rules = Object.values(dialects).flatMap(({ id, retries }: Dialect) => retries.after.map((rule) => ({ id, ...rule })))
    const repeated = rules.map(({ id, status, name }) => `${id} ${status} ${name}`)
    expect(repeated.toSorted()).toEqual([
      'freeai 429 rate_limit_error',
      'freeai 503 no_candidate',
      'joytoken 502 routing_error',
      'mintoken 429 undefined',
      'opentoken 429 upstream_error',
      'opentoken 503 no_supplier',
    ])
  })

  const unrouted = { error: { message: 'no route', type: 'routing_error', code: 'routing_error' } }
  const throttled = { error: { message: '429', type: 'rate_limit_error' } }
  const noCandidate = { error: { message: 'no', type: 'no_candidate' } }
  const count = { prompt_tokens: 3, completion_tokens: 9 }
  const signs: readonly [string, HouseOptions['gateway'], number, object, Record<string, string>?][] = [
    ['a header that names the model that was used', 'joytoken', 502, unrouted, { 'X-DAOE-Used-Model': 'gpt-4o' }],
    ['the same header in another spelling', 'joytoken', 502, unrouted, { x_daoe_used_model: 'gpt-4o' }],
    ['the bill in a list', 'joytoken', 502, { ...unrouted, metadata: [{ tier: 'a' }, { billing: { credits_used: '0.2' } }] }],
    ['the bill in an object', 'joytoken', 502, { ...unrouted, metadata: { billing: { output_tokens: 5 } } }],
    ['the counts of the answer', 'joytoken', 502, { ...unrouted, usage: count }],
    ['counts within counts', 'joytoken', 502, { ...unrouted, usage: { details: { reasoning: { tokens: 4 } } } }],
    ['counts within the error', 'joytoken', 502, { error: { ...unrouted.error, usage: count } }],
    ['a completion that holds nothing', 'joytoken', 502, { ...unrouted, id: 'chatcmpl-1', choices: [] }],
    ['what was made', 'joytoken', 502, { ...unrouted, output: [{ type: 'message' }] }],
    ['a cost that stands alone', 'opentoken', 503, { error: { message: 'no', code: 'no_supplier' }, cost: 0.002 }],
    ['the model of another gateway', 'freeai', 503, { error: { message: 'no', type: 'no_candidate' } }, { 'X-Gateway-Model': 'm' }],
    ['counts beside a throttle', 'freeai', 429, { ...throttled, usage: count }],
    ['counts as Google writes them', 'mintoken', 429, { detail: 'rate', usageMetadata: { totalTokenCount: 7 } }],
    ['a response that failed', 'joytoken', 502, { ...unrouted, id: 'resp_1', object: 'response', status: 'failed' }],
    ['a response that failed, within an event', 'joytoken', 502, { ...unrouted, response: { id: 'resp_1', object: 'response' } }],
    ['a video by its object', 'freeai', 503, { error: { message: 'no', type: 'no_candidate' }, id: 17, object: 'video' }],
    ['a run by how it ended', 'joytoken', 502, { ...unrouted, id: 'run_1', status: 'failed' }],
    ['a task', 'mintoken', 429, { detail: 'rate', task_id: 'task-9' }],
    ['a task within its envelope', 'opentoken', 503, { error: { message: 'no', code: 'no_supplier' }, data: { task_id: 'task-9' } }],
    ['a long-running operation', 'joytoken', 502, { ...unrouted, name: 'models/veo/operations/7', done: true }],
    ['the id of a task, in its own place of the dialect', 'freeai', 503, { ...noCandidate, id: 'vid-31' }],
    ['the number of a task', 'freeai', 429, { ...throttled, id: 31 }],
    ['the id of a task within the error', 'freeai', 503, { error: { ...noCandidate.error, id: 'vid-31' } }],
    ['a task within the error', 'joytoken', 502, { error: { ...unrouted.error, task_id: 'vid-31' } }],
    ['where the status of a task is asked for', 'freeai', 503, { ...noCandidate, poll_url: '/v1/videos/generations/vid-31' }],
    ['the model, where the gateway itself writes it', 'freeai', 503, { ...noCandidate, x_gateway: { model: 'llama' } }],
    ['the provider, where the gateway itself writes it', 'freeai', 429, { ...throttled, x_gateway: { provider: 'together' } }],
    ['a second attempt', 'freeai', 503, { ...noCandidate, x_gateway: { request_id: 'r', attempts: 4 } }],
    ['a second attempt, as a text', 'freeai', 503, { ...noCandidate, x_gateway: { attempts: '2' } }],
    ['a second attempt in a header', 'freeai', 503, noCandidate, { 'X-Gateway-Attempts': '2' }],
    ['a provider in a header', 'freeai', 429, throttled, { 'X-Gateway-Provider': 'together' }],
    ['the provider of another gateway in a header', 'joytoken', 502, unrouted, { 'X-DAOE-Used-Provider': 'azure' }],
    ['the model of a list', 'joytoken', 502, { ...unrouted, metadata: [{ tier: 'a' }, { model: 'gpt-4o' }] }],
    ['a 500 with a response that failed', 'joytoken', 500, { id: 'resp_1', object: 'response', status: 'failed', error: { message: 'm' } }],
  ]
  test.each(signs)('nor what says itself that a model ran, by %s', async (_, gateway, status, body, headers = {}) => {
    const answer: RequestListener = (__, response) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    const { house, upstream } = await openWith(answer, { gateway: gateway as NonNullable<HouseOptions['gateway']> })
    const told = await house.chat()
    expect([told.headers.get('x-should-retry'), upstream.seen.length]).toEqual(['false', 1])
  })

  test.each([
    ['nothing', {}],
    ['accounts of nothing', { usage: { total_tokens: 0 }, metadata: [{ billing: { credits_used: '0' } }], choices: [], cost: null }],
    ['an id of the request', { id: 'req_1', metadata: [{ request_id: 'req_1' }] }],
    ['an id of the error, which is called one', { id: 'err_1', object: 'error', status: 'UNAVAILABLE' }],
    ['a plan of which no task was begun', { metadata: [{ seq: 1, task_id: 'research' }] }],
  ])('while what was not begun is tried again, where beside it stands %s', async (_, beside) => {
    let asked = 0
    const { house } = await openWith(
      (request, response) => {
        asked += 1
        if (asked === 1) json(502, { ...unrouted, ...beside })(request, response)
        else response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
      },
      { gateway: 'joytoken' },
    )
    expect([(await house.chat()).status, asked]).toEqual([200, 2])
  })

  const unread: readonly [string, string][] = [
    ['a status of 100 that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
    ['a change of protocol that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['a head that is malformed', 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}'],
    ['a head that is too large', `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(200_000)}\r\n\r\n`],
    ['a length and an encoding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\n{}'],
    ['an encoding that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, x\r\nContent-Length: 2\r\n\r\n{}'],
  ]
  test.each(unread)('nor by the client what began with %s', async (_, head) => {
    let requests = 0
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        requests += 1
        socket.write(head)
      })
    })
    const origin = await listenAnywhere(server)
    closing.push(() => new Promise((closed) => server.close(closed)))
    const house = await openHouse({ gateway: 'joytoken', baseURL: `${origin}/openai/v1` })
    closing.push(() => house.close())
    const answer = await house.chat()
    expect([answer.status, answer.headers.get('x-should-retry'), requests]).toEqual([502, 'false', 1])
  })

  const breaks: readonly [string, (socket: Socket) => void][] = [
    ['before the head of an answer', (socket) => socket.resetAndDestroy()],
    ['by a clean end before the head', (socket) => socket.end()],
    ['within the status line', (socket) => socket.end('HTTP/1.1 20')],
    ['within the head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: applic')],
    ['behind the head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Type: application/json\r\n\r\n')],
    ['by what is no HTTP', (socket) => socket.end('SSH-2.0-gateway\r\n')],
  ]
  /** A gateway that does this with each connection once a request came, and how often one came. */
  const openBreaking = async (
    end: (socket: Socket) => void,
    options: HouseOptions = {},
  ): Promise<{ house: House; asked: () => number }> => {
    let requests = 0
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => {
        requests += 1
        end(socket)
      })
    })
    const origin = await listenAnywhere(server)
    closing.push(() => new Promise((closed) => server.close(closed)))
    const house = await openHouse({ ...options, gateway: 'joytoken', baseURL: `${origin}/openai/v1` })
    closing.push(() => house.close())
    return { house, asked: () => requests }
  }

  test.each(breaks)('a connection that broke %s, once the request was sent', async (_, end) => {
    const { house, asked } = await openBreaking(end)
    const answer = await house.chat()
    const { error } = (await answer.json()) as { error: { message: string } }
    expect([answer.status, answer.headers.get('x-should-retry'), asked()]).toEqual([502, 'false', 1])
    expect(error.message).toContain('may have run')
  })

  test.each(breaks)('nor by the client, of a connection that was used before and broke %s', async (_, end) => {
    let broken = false
    const { house, asked } = await openBreaking((socket) => {
      if (broken) end(socket)
      else socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{"id":"x","choices":[]}`)
    })
    expect((await house.chat()).status).toBe(200)
    broken = true
    expect(
      await openaiOf(house)
        .chat.completions.create(question)
        .catch((error: unknown) => error),
    ).toMatchObject({ status: 502 })
    expect(asked()).toBe(2)
  })

  test('nor what began to answer in time and did not come to the end of its head', async () => {
    const { house } = await openBreaking((socket) => void socket.write('HTTP/1.1 200 OK\r\nX-Slow: '), { timeouts: { headers: '200ms' } })
    const answer = await house.chat()
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([504, 'false'])
  })

  test.each([
    ['behind a length that is longer', (text: string) => `Content-Length: ${text.length + 50}\r\n\r\n${text}`],
    ['in the middle of a word', (text: string) => `Content-Length: ${text.length + 50}\r\n\r\n${text.slice(0, -9)}`],
    ['within a chunk', (text: string) => `Transfer-Encoding: chunked\r\n\r\n${(text.length + 9).toString(16)}\r\n${text}`],
  ])('an error that would be tried again, and broke off %s', async (_, framed) => {
    const head = 'HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\n'
    const { house, asked } = await openBreaking((socket) => socket.end(head + framed(JSON.stringify(unrouted))))
    const answer = await house.chat()
    expect([answer.status, answer.headers.get('x-should-retry'), asked()]).toEqual([502, 'false', 1])
  })

  test('while what only reads may be read again, where nothing of an answer came', async () => {
    const { house } = await openBreaking((socket) => socket.resetAndDestroy())
    const answer = await fetch(`${house.baseURL}/models`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([502, null])
  })
})

describe('an answer about a thing that failed is an answer', () => {
  const failure = { code: 'server_error', message: 'The model gave up.' }
  const things: readonly [string, object][] = [
    ['a background response', { id: 'resp_1', object: 'response', status: 'failed', error: failure, output: [] }],
    ['a video', { id: 'video_1', object: 'video', status: 'failed', progress: 40, error: failure }],
    ['a fine-tuning job', { object: 'fine_tuning.job', id: 'ftjob-1', status: 'failed', error: { ...failure, param: 'training_file' } }],
    ['a run, with its error spelled as a text', { id: 'run_1', status: 'failed', error: 'server_error' }],
    ['a thing that has a type and no id', { object: 'eval.run', error: failure }],
    ['a thing whose id is a number', { id: 17, error: failure }],
    ['a task of a gateway', { task_id: 'task-9', status: 'failed', error: 'out of memory' }],
    ['a long-running operation', { name: 'models/veo/operations/7', done: true, error: { code: 13, message: 'no' } }],
    ['a completion that broke off with part of its text', { error: failure, choices: [{ index: 0, message: { content: 'Hel' } }] }],
    ['a message with content', { error: failure, content: [{ type: 'text', text: 'Hel' }] }],
  ]
  describe.each(doorNames)('behind the %s door', (door) => {
    test.each(things)('%s passes as it came, and is asked for once', async (_, thing) => {
      const { house, upstream } = await openWith(json(200, thing), { gateway: 'joytoken', door })
      const answer = await openaiOf(house).responses.create({ model: 'auto', input: 'Hello', background: true }).asResponse()
      expect([answer.status, await answer.text()]).toEqual([200, JSON.stringify(thing)])
      expect(upstream.seen).toHaveLength(1)
      expect(parseGovernance(answer.headers.get('postern-governance'))?.finish).toBe('complete')
    })
  })

  test('a stream of a response that failed passes from its first event, and the record says how it ended', async () => {
    const failed = { type: 'response.failed', response: { id: 'resp_1', object: 'response', status: 'failed', error: failure } }
    const { house, upstream } = await openWith(events(failed), { gateway: 'joytoken' })
    const answer = await openaiOf(house).responses.create({ model: 'auto', input: 'Hello', stream: true }).asResponse()
    const text = await answer.text()
    expect([answer.status, upstream.seen.length]).toEqual([200, 1])
    expect(text).toContain(JSON.stringify(failed))
    expect(parseGovernance(/^: postern (.*)$/m.exec(text)?.[1])?.finish).toBe('upstream_error')
  })

  test('a first chunk that names a completion and tells of its failure passes too', async () => {
    const chunk = {
      id: 'gen-1',
      object: 'chat.completion.chunk',
      error: failure,
      choices: [{ index: 0, delta: {}, finish_reason: 'error' }],
    }
    const { house, upstream } = await openWith(events(chunk, '[DONE]'), { gateway: 'joytoken' })
    const answer = await house.chat({ body: { stream: true } })
    expect([answer.status, upstream.seen.length]).toEqual([200, 1])
    expect(await answer.text()).toContain(JSON.stringify(chunk))
    await expect.poll(() => house.ledger.entries).toMatchObject([{ finish: 'upstream_error' }])
  })
})

describe('what began with a status of success is not called repeatable, and clients do not repeat it', () => {
  const cut =
    (head: Readonly<Record<string, string>>, part: string): RequestListener =>
    (request, response) => {
      response.writeHead(200, head)
      response.flushHeaders()
      if (part === '') setTimeout(() => request.socket.destroy(), 20)
      else response.write(part, () => setTimeout(() => request.socket.destroy(), 20))
    }
  const cases: readonly [string, RequestListener, object?][] = [
    ['an error object', json(200, { error: { message: 'the run failed', type: 'server_error' } })],
    ['an error object beside an empty list of choices', json(200, { error: { message: 'failed', type: 'server_error' }, choices: [] })],
    ['an error that is a text', json(200, { error: 'the run failed' })],
    ['an error in a status of 201', json(201, { success: false, error: { code: 'x', message: 'failed' } })],
    ['an error by its type', json(200, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' })],
    ['an error by its object', json(200, { object: 'error', message: 'failed', type: 'server_error', code: 500 })],
    ['an error beside an id that is empty', json(200, { id: null, object: '', error: { message: 'failed' } })],
    ['JSON that broke off', cut({ 'content-type': 'application/json', 'content-length': '500' }, '{"id":"chatcmpl-1"')],
    ['JSON of which nothing came', cut({ 'content-type': 'application/json' }, '')],
    ['a stream that broke off before its first event', cut({ 'content-type': 'text/event-stream' }, 'data: {"id"'), { stream: true }],
    [
      'a stream whose first event is an error',
      events({ error: { message: 'failed', type: 'server_error' }, choices: [] }),
      { stream: true },
    ],
    ['a stream whose first event is of the type error', events({ type: 'error', code: 'server_error', message: 'no' }), { stream: true }],
  ]
  test.each(cases)('%s', async (_, answer, body = {}) => {
    const { house, upstream } = await openWith(answer, { gateway: 'joytoken' })
    const openai = openaiOf(house)
    const failure: unknown = await openai.chat.completions.create({ ...question, ...body }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenAI.APIError)
    const { status, headers } = failure as InstanceType<typeof OpenAI.APIError>
    expect([status, headers?.get('x-should-retry'), upstream.seen.length]).toEqual([502, 'false', 1])
  })

  test('while a failure that the gateway itself gave a status to is left to the client, as without Postern', async () => {
    const { house, upstream } = await openWith(json(500, { error: { message: 'stream error', type: 'stream_error' } }), {
      gateway: 'joytoken',
    })
    const answer = await house.chat()
    expect([answer.status, answer.headers.get('x-should-retry'), upstream.seen.length]).toEqual([502, null, 1])
  })

  test('and a whole answer is what it was', async () => {
    const { house } = await openWith((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion))
    expect(await (await house.chat()).text()).toBe(plainCompletion)
  })
})

describe('what a status says of the run holds alike for the bill, the client and the repeat with an Idempotency-Key', () => {
  const tokens = { limits: { rules: [{ name: 'tokens', each: 'team' as const, per: 'day' as const, tokens: 1_000_000 }] } }
  const headers = { 'idempotency-key': 'the-same' }

  test.each([307, 408, 409, 418, 423, 424, 425, 499])('after %i it may have run: nobody sends it again', async (status) => {
    const { house, upstream } = await openWith(json(status, { error: { message: 'no', type: 'x' } }), { config: tokens })
    const first = await house.chat({ headers })
    expect(first.headers.get('x-should-retry')).toBe('false')
    const second = await house.chat({ headers })
    expect([second.status, await second.text()]).toEqual([409, expect.stringContaining('idempotency_conflict')])
    expect(upstream.seen).toHaveLength(1)
    expect(house.ledger.entries[0]).toMatchObject({ booked: 'assumed' })
    await openaiOf(house)
      .chat.completions.create(question)
      .catch(() => {})
    expect(upstream.seen).toHaveLength(2)
  })

  test.each([400, 401, 407, 422])('after %i nothing ran: the repeat is sent, and nothing is booked', async (status) => {
    const { house, upstream } = await openWith(json(status, { error: { message: 'no', type: 'x' } }), { config: tokens })
    await house.chat({ headers })
    await house.chat({ headers })
    expect(upstream.seen).toHaveLength(2)
    expect(house.ledger.entries[0]?.booked).toBeUndefined()
  })

  test.each([409, 425])('after an answer of status %i that breaks off or cannot be read nobody sends it again', async (status) => {
    for (const head of [{ 'content-length': '1000' }, { 'content-encoding': 'unknown' }] as const) {
      const { house, upstream } = await openWith((_, response) => {
        response.writeHead(status, { 'content-type': 'application/json', ...head })
        response.write('{"error":', () => response.destroy())
      })
      const first = await house.chat({ headers })
      expect(first.headers.get('x-should-retry')).toBe('false')
      expect((await house.chat({ headers })).status).toBe(409)
      expect(upstream.seen).toHaveLength(1)
    }
  })
})
