import { parseGovernance } from '@postern/protocol'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import { dialects } from '@postern/gateways'
import { afterEach, describe, expect, test } from 'vitest'
import { classifyFailure } from '../../packages/core/src/forward/classify-failure.js'
import { openRecordedHouse } from '../support/recorded-house.js'
import { opened } from '../support/opened.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'
import { startStopwatch } from '../support/stopwatch.js'

const upstreams: HostileUpstream[] = []
const houses: House[] = []
afterEach(async () => {
  await Promise.all(houses.splice(0).map((house) => house.close()))
  await Promise.all(upstreams.splice(0).map((upstream) => upstream.close()))
})

/** A house in front of a gateway that answers each request in turn as it is told; the last answer stays. */
async function openWith(answers: readonly RequestListener[], options: HouseOptions = {}) {
  let next = 0
  const upstream = await startHostileUpstream((request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)] as RequestListener
    next += 1
    answer(request, response)
  })
  upstreams.push(upstream)
  const house = await openHouse({ gateway: 'freeai', ...options, baseURL: upstream.baseURL })
  houses.push(house)
  return { house, upstream }
}

const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
const whole = json(200, plainCompletion)
const away = json(503, {
  error: { message: 'No healthy free-tier model available', type: 'service_unavailable', code: 'no_candidate' },
})

function idsOf({ seen }: HostileUpstream): string[] {
  return seen.map(({ rawHeaders }) => rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'x-request-id') + 1] as string)
}

describe('an attempt after which nothing was run', () => {
  test.each(doorNames)('is followed by another, under an id of its own, behind the %s door', async (door) => {
    const { house, upstream } = await openWith([away, away, whole], { door })
    const watch = startStopwatch()
    const answer = await house.chat({ headers: { 'X-Workflow-ID': 'onboarding', 'X-Step-ID': 'draft' } })
    expect([answer.status, await answer.text()]).toEqual([200, plainCompletion])
    watch.stop()
    const ids = idsOf(upstream)
    expect(ids.map((id) => /^onboarding\.draft\.(\w{26})\.(\d)$/.exec(id)?.[2])).toEqual(['1', '2', '3'])
    expect(new Set(ids.map((id) => id.split('.')[2])).size).toBe(1)
    expect(answer.headers.get('x-request-id')).toBe(ids[2])
    expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ attempt: 3, request_id: ids[2], finish: 'complete' })
    expect(house.ledger.entries).toMatchObject([
      {
        request_id: ids[2],
        status: 200,
        earlier: [
          { attempt: 1, code: 'gateway_unavailable', cause: 'gateway status 503' },
          { attempt: 2, code: 'gateway_unavailable' },
        ],
      },
    ])
    // The waits between the attempts are not Postern's own time.
    expect((house.ledger.entries[0]?.overhead_ms ?? 0) - watch.lateMs()).toBeLessThan(100)
  })

  test('is followed by no more than the dialect allows, and the client gets the last failure with the last id', async () => {
    const { house, upstream } = await openWith([away])
    const answer = await house.chat()
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([503, idsOf(upstream)[2]])
    expect(upstream.seen).toHaveLength(3)
    expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ attempt: 3, finish: 'upstream_error' })
  })

  test('is followed by none where the operator says so', async () => {
    const { house, upstream } = await openWith([away], { settings: { attempts: 1 } })
    expect((await house.chat()).status).toBe(503)
    expect(upstream.seen).toHaveLength(1)
  })

  test('is followed by none where the client tries again itself, so that attempts do not multiply', async () => {
    const { house, upstream } = await openWith([away])
    expect((await house.chat({ headers: { 'X-Stainless-Retry-Count': '1' } })).status).toBe(503)
    expect(upstream.seen).toHaveLength(1)
  })

  test('is followed by none where the gateway asks for more patience than a client has; the client is told', async () => {
    const later = json(503, { error: { message: 'later', code: 'no_candidate' } }, { 'retry-after': '30' })
    const { house, upstream } = await openWith([later])
    const answer = await house.chat()
    expect([answer.status, answer.headers.get('retry-after'), upstream.seen.length]).toEqual([503, '30', 1])
  })

  test('waits as long as the gateway asks, where that is short', async () => {
    const soon = json(503, { error: { message: 'soon', code: 'no_candidate' } }, { 'retry-after': '1' })
    const { house, upstream } = await openWith([soon, whole])
    const since = performance.now()
    expect((await house.chat()).status).toBe(200)
    expect(performance.now() - since).toBeGreaterThan(990)
    expect(upstream.seen).toHaveLength(2)
  })

  test('does not bring everybody back at once, and waits no second that nobody asked for', async () => {
    const throttled = json(429, { error: { message: 'throttled', type: 'upstream_error', code: 'upstream_error' } })
    const arrivals: number[] = []
    const throttleFirst: RequestListener = (request, response) => {
      arrivals.push(performance.now())
      const answer = arrivals.length <= 20 ? throttled : whole
      answer(request, response)
    }
    const { house } = await openWith([throttleFirst], { gateway: 'opentoken' })
    const watch = startStopwatch()
    const answers = await Promise.all(Array.from({ length: 20 }, () => house.chat()))
    watch.stop()
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const back = arrivals.slice(20).map((at) => at - (arrivals[0] as number))
    expect(Math.min(...back) - watch.lateMs()).toBeLessThan(900)
    expect(Math.max(...back) - Math.min(...back)).toBeGreaterThan(60)
  })

  test('keeps its trace: every attempt is a span of the same one', async () => {
    const { house, upstream } = await openWith([away, away, whole])
    await house.chat()
    const traces = upstream.seen.map(
      ({ rawHeaders }) => rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'traceparent') + 1] as string,
    )
    expect(new Set(traces.map((trace) => trace.split('-')[1])).size).toBe(1)
    expect(new Set(traces.map((trace) => trace.split('-')[2])).size).toBe(3)
    expect(house.ledger.entries[0]?.trace_id).toBe(traces[0]?.split('-')[1])
  })

  test('is waited for when the house closes, and closing twice is no fault', async () => {
    const soon = json(503, { error: { message: 'soon', code: 'no_candidate' } }, { 'retry-after': '1' })
    const { house, upstream } = await openWith([soon, whole])
    const answer = house.chat()
    await expect.poll(() => upstream.seen.length).toBe(1)
    await Promise.all([house.runtime.close(), house.runtime.close()])
    expect(house.ledger.entries).toMatchObject([{ status: 200, attempt: 2 }])
    expect((await answer).status).toBe(200)
  })

  test('five of them leave no listeners behind', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error): number => warnings.push(warning)
    process.on('warning', listen)
    const { house, upstream } = await openWith([away], { settings: { attempts: 5, addressLimit: { burst: 2, perMinute: 6000 } } })
    expect((await house.chat()).status).toBe(503)
    process.off('warning', listen)
    expect([upstream.seen.length, warnings]).toEqual([5, []])
  })

  test('is followed by none once the client has left', async () => {
    const soon = json(503, { error: { message: 'soon', code: 'no_candidate' } }, { 'retry-after': '1' })
    const { house, upstream } = await openWith([soon, whole])
    const leaving = new AbortController()
    const answer = house.chat({ signal: leaving.signal })
    await expect.poll(() => upstream.seen.length).toBe(1)
    setTimeout(() => leaving.abort(), 50)
    await expect(answer).rejects.toThrow(/abort/i)
    await expect.poll(() => house.ledger.entries).toMatchObject([{ finish: 'client_closed', attempt: 1 }])
    await new Promise((later) => setTimeout(later, 1100))
    expect(upstream.seen).toHaveLength(1)
  })

  test('is a connection that nobody took, whatever the dialect', async () => {
    const server = createServer()
    const origin = await listenAnywhere(server)
    await new Promise((closed) => server.close(closed))
    const house = await openHouse({ gateway: 'onysoft', baseURL: `${origin}/v1` })
    houses.push(house)
    expect((await house.chat()).status).toBe(503)
    expect(house.ledger.entries).toMatchObject([
      { attempt: 3, earlier: [{ code: 'gateway_unavailable' }, { code: 'gateway_unavailable' }] },
    ])
  })
})

describe('nothing is tried again that may have been run, billed or refused for good', () => {
  const chunk = 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
  const cases: readonly [string, RequestListener, Readonly<Record<string, unknown>>?][] = [
    ['402', json(402, { error: { message: 'insufficient quota', type: 'insufficient_quota' } })],
    ['403 policy', json(403, { error: { message: 'requested tier is not allowed', type: 'policy_rejected' } })],
    ['403 key', json(403, { error: { message: 'invalid api key', type: 'invalid_api_key' } })],
    ['400', json(400, { error: { message: 'messages must not be empty', type: 'invalid_request_error' } })],
    ['502 of the provider', json(502, { error: { message: 'provider call failed', type: 'upstream_error' } })],
    ['504', json(504, { error: { message: 'downstream deadline exceeded', type: 'upstream_error' } })],
    [
      '503, whose documents advise a retry and do not say that nothing ran',
      json(503, { error: { message: 'downstream service unavailable', type: 'upstream_error' } }),
    ],
    ['500', json(500, { error: { message: 'stream error', type: 'stream_error' } })],
    ['an error in a 200', json(200, { error: { message: 'the run failed', type: 'server_error' }, choices: [] })],
    ['a connection that broke after the request', (request) => request.socket.destroy()],
    [
      'a stream that broke after its first event',
      (request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(chunk, () => setTimeout(() => request.socket.destroy(), 20))
      },
      { stream: true },
    ],
  ]
  test.each(cases)('%s', async (_, answer, body = {}) => {
    const { house, upstream } = await openWith([answer, whole], { gateway: 'joytoken' })
    await house
      .chat({ body })
      .then((got) => got.text())
      .catch(() => 'cut')
    await expect.poll(() => house.ledger.entries.length).toBe(1)
    expect(upstream.seen).toHaveLength(1)
    expect(house.ledger.entries[0]?.finish).not.toBe('complete')
  })

  test('a 503 that does not say by whom, since a proxy in between may have delivered the request', async () => {
    const house = await openRecordedHouse({ ...dialects.openai, baseURL: 'http://unused.example/v1' }, dialects)
    try {
      house.play({
        name: 'reset',
        source: 'Envoy',
        answer: {
          status: 503,
          headers: { 'content-type': 'text/plain' },
          text: 'upstream connect error or disconnect/reset before headers',
        },
        client: { status: 503 },
      })
      expect((await house.ask({ name: '', source: '', answer: { status: 503, headers: {} }, client: { status: 503 } })).status).toBe(503)
      expect(house.upstream.seen).toHaveLength(1)
    } finally {
      await house.close()
    }
  })

  test('a quota whose words happen to speak of rates', async () => {
    const quota = json(429, { error: 'token quota exceeded: you have generated too much' })
    const { house, upstream } = await openWith([quota, whole], { gateway: 'mintoken' })
    expect([(await house.chat()).status, upstream.seen.length]).toEqual([402, 1])
  })

  test.each([
    ['ECONNREFUSED', 'connect', true],
    ['EAI_AGAIN', 'getaddrinfo', true],
    ['EHOSTUNREACH', 'connect', true],
    ['EHOSTUNREACH', 'read', false],
    ['ENETUNREACH', 'write', false],
    ['ENOTFOUND', 'getaddrinfo', false],
    ['CERT_HAS_EXPIRED', 'connect', false],
    ['ECONNRESET', 'read', false],
  ])('%s of %s: whether nothing was sent is %s', (code, syscall, unsent) => {
    const error = Object.assign(new Error('a wire'), { code, syscall })
    expect(classifyFailure(error).details.mayRetry === true).toBe(unsent)
    expect(classifyFailure(new AggregateError([error])).details.mayRetry === true).toBe(unsent)
    const other = Object.assign(new Error('a wire'), { code: 'ETIMEDOUT', syscall: 'connect' })
    expect(classifyFailure(new AggregateError([error, other])).details.mayRetry === true).toBe(false)
  })

  test('a body that was not kept', async () => {
    const { house, upstream } = await openWith([away, whole], { settings: { endpoints: opened('audio/transcriptions') } })
    const answer = await fetch(`${house.baseURL}/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'audio/wav' },
      // Silence alone would be kept until it is certain what it is.
      body: Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(1000)]),
    })
    expect([answer.status, upstream.seen.length]).toEqual([503, 1])
  })
})
