import { randomBytes } from 'node:crypto'
import { Agent, request as requestHttp } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { openExposition } from '../../sidecar/src/telemetry/exposition.js'
import { mostSeries } from '../../sidecar/src/telemetry/family.js'
import { createMeter, type Meter } from '../../sidecar/src/telemetry/meter.js'
import { openHouse, type HouseOptions } from '../support/house.js'
import { readMetrics } from '../support/read-metrics.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function openCounted(options: HouseOptions = {}) {
  let meter: Meter | undefined
  const house = await openHouse({ ...options, witness: (event) => meter?.witness(event) })
  closing.push(() => house.close())
  meter = createMeter(() => ({ config: house.runtime.config, prices: undefined }))
  const expose = await openExposition(meter.families)
  return { house, meter, text: async () => (await expose()).text }
}

/** The series of Postern itself: those of Node come and go with its memory. */
const ours = (text: string): readonly string[] =>
  [...readMetrics(text).series.keys()].filter((name) => /^(?:postern|http_server|gen_ai)_/.test(name))

interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Asks with 32 connections side by side, and reads every answer. */
async function askAll(origin: string, requests: Iterable<Asked>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  closing.push(() => agent.destroy())
  const { hostname: host, port } = new URL(origin)
  const waiting = requests[Symbol.iterator]()
  const ask = ({ method = 'POST', path, headers, body }: Asked): Promise<void> =>
    new Promise((done, fail) => {
      const asked = requestHttp({ host, port, agent, method, path, headers }, (answer) => answer.resume().on('end', done).on('error', fail))
      asked.on('error', fail).end(body)
    })
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let next = waiting.next(); next.done !== true; next = waiting.next()) await ask(next.value)
    }),
  )
}

const chatBody = (model: string): string => JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })

describe('ten thousand names that clients choose', () => {
  test('make no further series, whatever they name: models, users, workflows, steps, paths, methods and hosts', async () => {
    const { house, text } = await openCounted({ config: { policies: { models: ['auto', 'known/*', '*'] } } })
    const json = { 'content-type': 'application/json' }
    const as = (credential: string) => ({ ...json, authorization: `Bearer ${credential}` })
    const chat = '/ai/v1/chat/completions'
    const { acme, delegate } = house.callers
    const odd = (index: number): string => `odd-${index}-${randomBytes(4).toString('hex')}`
    const kinds: readonly ((name: string) => Asked)[] = [
      (name) => ({ path: chat, headers: as(acme), body: chatBody(name) }),
      (name) => ({ path: chat, headers: as(acme), body: chatBody(`unknown/${name}`) }),
      (name) => ({ path: chat, headers: as(acme), body: chatBody(`known/${name}`) }),
      (name) => ({ path: chat, headers: { ...as(delegate), 'postern-act-as': `user=${name}, team=acme` }, body: chatBody('auto') }),
      (name) => ({ path: chat, headers: { ...as(acme), 'x-workflow-id': name, 'x-step-id': name }, body: chatBody('auto') }),
      (name) => ({ path: `/ai/v1/${name}`, headers: as(acme), method: 'GET' }),
      (name) => ({ path: `/ai/v1/files/${name}/content`, headers: as(acme), method: 'GET' }),
      (name) => ({ path: chat, headers: as(name), body: chatBody('auto') }),
      (name) => ({
        path: chat,
        headers: { ...as(acme), host: `${name}.example`, origin: `https://${name}.example` },
        body: chatBody('auto'),
      }),
      (name) => ({ path: chat, headers: { ...as(acme), 'x-request-id': name, 'idempotency-key': name }, body: chatBody('auto') }),
    ]
    function* requests(from: number, until: number): Iterable<Asked> {
      for (let index = from; index < until; index += 1) yield (kinds[index % kinds.length] as (name: string) => Asked)(odd(index))
    }
    // After so many every kind of ending has been seen, also that of an address whose credentials failed too often.
    await askAll(house.origin, requests(0, 1000))
    const before = ours(await text())
    await askAll(house.origin, requests(1000, 10_000))
    const all = await text()
    expect(ours(all).toSorted()).toEqual(before.toSorted())
    expect(readMetrics(all).sum('postern_calls_total')).toBe(10_000)
    expect(before.length).toBeLessThan(500)
    // Patterns of the configuration are told by the pattern.
    expect(all).toContain('model="known/*"')
    expect(all).toContain('model="other"')
    expect(all).not.toMatch(/odd-\d|example|svc-acme|acme\.|globex"/)
    for (const secret of [...house.secrets, ...Object.values(house.callers)]) expect(all).not.toContain(secret.slice(0, 12))
  }, 120_000)
})

describe('what a gateway says', () => {
  test('names no series either: models that answered, units of cost and codes', async () => {
    const { meter, text } = await openCounted()
    const ended = (index: number): void =>
      meter.witness({
        type: 'call_ended',
        entry: {
          time: '',
          request_id: '',
          attempt: 1,
          gateway: 'main',
          key: 'acme',
          model: `model-of-the-gateway-${index}`,
          method: 'POST',
          path: '/v1/chat/completions',
          status: 200 + (index % 1000),
          code: `code-${index}`,
          cost: { amount: 1, unit: `unit-${index}` },
          usage: { input: 1, output: 1, source: 'answer' },
          finish: 'complete',
          duration_ms: 1,
        },
        course: {
          startedAt: 0,
          begunAt: 0,
          attemptedAt: 0,
          trace: { traceId: '', traceparent: '', parentId: undefined },
          earlier: undefined,
          stream: { firstAt: 1, lastAt: 3, largestGapMs: 1, pieces: 3 },
          limits: undefined,
        },
      })
    for (let index = 0; index < 1000; index += 1) ended(index)
    const before = ours(await text())
    for (let index = 1000; index < 11_000; index += 1) ended(index)
    expect(ours(await text())).toEqual(before)
    expect(before.join('\n')).not.toMatch(/model-of|code-\d|unit-\d/)
  })
})

describe('what the configuration names', () => {
  test('is bounded too: with 20,000 keys the first ones are told apart, and the rest together', async () => {
    const aliases = Array.from({ length: 20_000 }, (_, index) => `key-${index}`)
    const keys = Object.fromEntries(aliases.map((alias) => [alias, { gateway: 'main', secret: { env: 'KEY' } }]))
    const { house } = await openCounted()
    const meter = createMeter(() => ({ config: { ...house.runtime.config, keys } as never, prices: undefined }))
    for (const key of aliases) meter.witness({ type: 'attempt_failed', gateway: 'main', key, attempt: 1, code: 'gateway_failed' })
    meter.witness({ type: 'attempt_failed', gateway: 'main', key: 'of-the-ring', attempt: 1, code: 'gateway_failed' })
    const all = readMetrics((await (await openExposition(meter.families))()).text)
    const own = [...all.series.keys()].filter((name) => name.startsWith('postern_attempts_failed_total'))
    expect(own).toHaveLength(502)
    expect(all.sum('postern_attempts_failed_total', { key: 'key-0' })).toBe(1)
    expect(all.sum('postern_attempts_failed_total', { key: 'other' })).toBe(19_500)
    expect(all.sum('postern_attempts_failed_total', { key: 'ring' })).toBe(1)
  })

  test('makes at most so many series of one metric, and everything is counted all the same', async () => {
    const { house } = await openCounted()
    const meter = createMeter(() => ({ config: house.runtime.config, prices: undefined }))
    for (let index = 0; index < 5000; index += 1) meter.families.cost.of('main', `key-${index}`, 'auto', 'USD').add(1)
    const series = [...meter.families.cost.all()]
    expect(series).toHaveLength(mostSeries.counter + 1)
    expect(series.reduce((sum, { cell }) => sum + cell.value, 0)).toBe(5000)
  })

  test('is told of no name that has the form of a key', async () => {
    const pasted = `sk-proj-${randomBytes(24).toString('hex')}`
    const { house } = await openCounted()
    const config = { ...house.runtime.config, policies: { models: [pasted, `${pasted}*`], rules: [] } } as never
    const meter = createMeter(() => ({ config, prices: undefined }))
    const entry = { model_requested: pasted, gateway: 'main', key: 'acme', status: 200, duration_ms: 1, finish: 'complete' } as never
    meter.witness({ type: 'call_ended', entry, course: { begunAt: 0 } as never })
    expect((await (await openExposition(meter.families))()).text).not.toContain(pasted.slice(0, 14))
  })
})
