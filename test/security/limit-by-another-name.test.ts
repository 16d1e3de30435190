import type { ConfigInput } from '@postern/config'
import { isPlainModel, modelReadings } from '@postern/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asksInBody, asksOutsideBody } from '../../packages/core/src/police/asks-for-stream.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'

const chat = { messages: [{ role: 'user', content: 'Hi' }] }

const endpoints: ConfigInput['gateways'][string]['endpoints'] = {
  'engines/{model}/completions': { methods: ['POST'], format: 'chat', model: 'path' },
  asked: { methods: ['POST'], format: 'chat', model: 'query' },
  'own/feed': { methods: ['POST'], format: 'plain', model: 'none' },
}

/** Calls that could run a model of `gpt-*`, or that say nothing of which runs. */
const couldRun: [how: string, path: string, body: object][] = [
  ['the path', 'engines/gpt-4/completions', { model: 'cheap', prompt: 'x' }],
  ['the body, where the path says another', 'engines/cheap/completions', { model: 'gpt-4', prompt: 'x' }],
  ['the query', 'asked?model=gpt-4', { model: 'cheap', ...chat }],
  ['the query beside the body', 'chat/completions?model=gpt-4', { model: 'cheap', ...chat }],
  ['the query with an escape', 'chat/completions?mod%65l=gpt-4', { model: 'cheap', ...chat }],
  ['settings that are merged into the body', 'chat/completions', { model: 'cheap', extra_body: { model: 'gpt-4' }, ...chat }],
  ['a list of models', 'chat/completions', { model: 'cheap', models: ['gpt-4'], ...chat }],
  ['a list of fallbacks', 'chat/completions', { model: 'cheap', fallbacks: ['gpt-4'], ...chat }],
  ['fallbacks of a deployment', 'chat/completions', { model: 'cheap', fallbacks: [{ model: 'gpt-4' }], ...chat }],
  ['two names in one', 'chat/completions', { model: 'cheap,gpt-4', ...chat }],
  ['two names in one, parted by a line', 'chat/completions', { model: 'cheap\ngpt-4', ...chat }],
  ['capital letters', 'chat/completions', { model: 'GPT-4', ...chat }],
  ['a blank in front', 'chat/completions', { model: ' gpt-4', ...chat }],
  ['an invisible character', 'chat/completions', { model: '\u200bgpt-4', ...chat }],
  ['letters of full width', 'chat/completions', { model: '\uff47pt-4', ...chat }],
  ['an agent', 'chat/completions', { model: 'cheap', agents: [{ model: 'gpt-4' }], ...chat }],
  ['no name at all', 'chat/completions', chat],
  ['a name that is no text', 'chat/completions', { model: ['gpt-4'], ...chat }],
]

/** Names by which a gateway could read `openai/zed-9`, or `zed-9` of it. */
const readAsOne = [
  'openai/zed-9:nitro',
  'openai/zed-9:free',
  'OpenAI/ZED-9',
  'models/openai/zed-9',
  'publishers/openai/models/zed-9',
  'openrouter/openai/zed-9',
  '/openai/zed-9',
  'openai/zed-9/',
  'openai//zed-9',
  'openai/./zed-9',
  '~openai/zed-9',
  'openai/zed-9@latest',
  'openai/zed-9-latest',
  'openai/zed-9:free:nitro',
  'openai/zed-9@1:2~3+4',
  `openai/zed-9${':a'.repeat(12)}`,
  `openai/zed-9-latest${'-latest'.repeat(9)}:nitro`,
  `x${'-latest'.repeat(60)}`,
  'openai/zed-9!',
  'openai/zed-9-2026-08-06',
  'openai/zed-9-20260806:nitro',
  'openai/zed-9-0613',
  'openai/zed-9-001',
  'openai/zed-9-2411:free',
  'openai/zed-9-08-2026',
  'openai/zed-9-preview-05-20',
  'openai/zed-9-240806',
  'openai/zed-9-v2',
  'a/b/c/d/e/f/g/h/openai/zed-9',
  'zed-9',
  'zed-9:nitro',
  'models/zed-9',
]

/** Names of other models. */
const ofOthers = [
  'azure/zed-9',
  'openai/zed-9-mini',
  'openai/zed-95',
  'zed-9-mini:nitro',
  'my-zed-9',
  'zed-9/mini',
  'openai/my-zed-9',
  'openai/zed-9-32k',
  'openai/zed-9-70b',
  'openai/zed-9-v2-mini',
]

/** Calls that ask for a stream in one of the ways that servers read. */
const couldStream: [how: string, path: string, body: object | FormData][] = [
  ['a text', 'chat/completions', { model: 'm', stream: 'true', ...chat }],
  ['a number', 'chat/completions', { model: 'm', stream: 1, ...chat }],
  ['a text that says no, and is true to many servers', 'chat/completions', { model: 'm', stream: 'false', ...chat }],
  ['a number in a text', 'chat/completions', { model: 'm', stream: '0', ...chat }],
  ['capital letters', 'chat/completions', { model: 'm', Stream: true, ...chat }],
  ['settings that are merged into the body', 'chat/completions', { model: 'm', extra_body: { stream: true }, ...chat }],
  ['settings of another gateway', 'chat/completions', { model: 'm', provider_options: { streaming: true }, ...chat }],
  ['the query', 'chat/completions?stream=true', { model: 'm', ...chat }],
  ['the query without a value', 'chat/completions?stream', { model: 'm', ...chat }],
  ['the query by another name', 'chat/completions?sse', { model: 'm', ...chat }],
  ['a mode in the query', 'chat/completions?response_mode=streaming', { model: 'm', ...chat }],
  ['lines in the query', 'chat/completions?format=ndjson', { model: 'm', ...chat }],
  ['a mode', 'chat/completions', { model: 'm', response_mode: 'streaming', ...chat }],
  ['a kind of answer in settings', 'chat/completions', { model: 'm', extra_body: { alt: 'SSE' }, ...chat }],
  ['settings within settings', 'chat/completions', { model: 'm', extra_body: { params: { stream: true } }, ...chat }],
  ['the query with an escape', 'chat/completions?%73tream=1', { model: 'm', ...chat }],
  ['a value of the query', 'chat/completions?alt=sse', { model: 'm', ...chat }],
  ['a value of the query in other letters', 'chat/completions?%24alt=%53SE', { model: 'm', ...chat }],
  ['a value with blanks', 'chat/completions?alt=+sse%20', { model: 'm', ...chat }],
  ['a value among others', 'chat/completions?alt=sse,json', { model: 'm', ...chat }],
  ['a value in wide letters', 'chat/completions?alt=%EF%BD%93%EF%BD%93%EF%BD%85', { model: 'm', ...chat }],
  ['a type in the query', 'chat/completions?as=text/event-stream', { model: 'm', ...chat }],
  ['an endpoint of which nothing is known', 'own/feed', {}],
  ['speech as events', 'audio/speech', { model: 'm', input: 'x', voice: 'alloy', stream_format: 'sse' }],
  ['a form', 'audio/transcriptions', formOf({ model: 'm', stream: 'true' })],
]

function formOf(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData()
  form.set('file', new Blob(['RIFF0000WAVE'], { type: 'audio/wav' }), 'a.wav')
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return form
}

describe.each(doorNames)('limit-by-another-name, behind the %s door', (door) => {
  let upstream: HostileUpstream
  let house: House
  let isHeld = false
  const held: (() => void)[] = []

  beforeAll(async () => {
    upstream = await startHostileUpstream((_, response) => {
      const answer = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
      if (isHeld) held.push(answer)
      else answer()
    })
    const gateways: ConfigInput['gateways'] = { main: { dialect: 'openai', baseURL: upstream.baseURL, endpoints } }
    const rules: NonNullable<ConfigInput['limits']>['rules'] = [
      { name: 'dear', team: 'acme', model: 'gpt-*', requests: 1 },
      { name: 'one', user: 'u_7', model: 'openai/zed-9', requests: 1 },
      { name: 'variant', user: 'u_8', model: 'labs/r1:thinking', requests: 1 },
      { name: 'provider', user: 'u_9', model: 'labs/*', requests: 1 },
      { name: 'open', team: 'globex', streams: 1 },
    ]
    house = await openHouse({ door, config: { gateways, limits: { rules } } })
  })
  afterAll(async () => {
    await house.close()
    await upstream.close()
  })

  const call = (credential: string, path: string, body: object | FormData): Promise<Response> =>
    fetch(`${house.baseURL}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }) },
      body: body instanceof FormData ? body : JSON.stringify(body),
    })

  test('a limit of a model that is used up lets no call through that could run it', async () => {
    expect((await call(house.callers.acme, 'chat/completions', { model: 'gpt-4', ...chat })).status).toBe(200)
    const before = upstream.seen.length
    for (const [how, path, body] of couldRun) {
      const { status } = await call(house.callers.acme, path, body)
      // Some are refused before, since no gateway takes them.
      expect([how, status === 402 || status === 400 || status === 403]).toEqual([how, true])
    }
    expect(upstream.seen).toHaveLength(before)
    for (const body of [
      { model: 'cheap', ...chat },
      { model: 'not-gpt-4', ...chat },
      { model: 'cheap', models: ['other'], metadata: { model: 'gpt-4' }, messages: [{ role: 'user', content: '{"model":"gpt-4"}' }] },
    ])
      expect((await call(house.callers.acme, 'chat/completions', body)).status).toBe(200)
  })

  test('a limit of one model that is used up lets no name through that a gateway could read as it', async () => {
    const { token } = await house.minter.mint({ user: 'u_7', team: 'acme' })
    const ask = async (model: string): Promise<[string, string | null]> => {
      const answer = await call(token, 'chat/completions', { model, ...chat })
      await answer.arrayBuffer()
      return [model, answer.headers.get('postern-refusal')]
    }
    expect(await ask('openai/zed-9')).toEqual(['openai/zed-9', null])
    const before = upstream.seen.length
    for (const model of readAsOne) expect(await ask(model)).toEqual([model, 'budget_exhausted'])
    expect(upstream.seen).toHaveLength(before)
    for (const model of ofOthers) expect(await ask(model)).toEqual([model, null])
  })

  test.each([
    [
      'u_8',
      'a variant of a model',
      'labs/r1:thinking',
      ['labs/r1:thinking:nitro', 'r1:thinking', 'Labs/R1:thinking@2'],
      ['labs/r1', 'labs/r1:free'],
    ],
    ['u_9', 'all models of a provider', 'labs/r1', ['r1', 'labs/x:nitro', 'models/labs/y', 'LABS/z'], ['acme/r1', 'x/y']],
  ])('a limit of %s, of %s, lets no name through that a gateway could read as one of them', async (user, _, model, read, others) => {
    const { token } = await house.minter.mint({ user, team: 'acme' })
    const codeOf = async (asked: string): Promise<string | null> => {
      const answer = await call(token, 'chat/completions', { model: asked, ...chat })
      await answer.arrayBuffer()
      return answer.headers.get('postern-refusal')
    }
    expect(await codeOf(model)).toBeNull()
    for (const name of read) expect([name, await codeOf(name)]).toEqual([name, 'budget_exhausted'])
    for (const name of others) expect([name, await codeOf(name)]).toEqual([name, null])
  })

  test('the work of a name grows no faster than its length', () => {
    const cost = (length: number): number => {
      const name = `x${'-latest'.repeat(length / 7)}`
      return isPlainModel(name) ? modelReadings(name).names.reduce((sum, { length: chars }) => sum + chars, 0) : 0
    }
    for (const length of [70, 140, 252]) expect(cost(length)).toBeLessThan(length * 12)
    expect(cost(2520)).toBe(0)
  })

  test('a limit of open streams counts every call that could be one', async () => {
    isHeld = true
    for (const [how, path, body] of couldStream) {
      const first = call(house.callers.globex, path, body)
      await expect.poll(() => held.length, { message: how }).toBe(1)
      // Two wait, and are sent one after the other; a third has no place.
      const others = [1, 2, 3].map(() => call(house.callers.globex, path, body))
      expect([how, (await Promise.race(others)).status]).toEqual([how, 429])
      for (let turn = 0; turn < 3; turn += 1) {
        await expect.poll(() => held.length, { message: how }).toBe(1)
        held.splice(0).forEach((answer) => answer())
      }
      const sorted = (await Promise.all([first, ...others])).map(({ status }) => status).toSorted((one, other) => one - other)
      expect(sorted).toEqual([200, 200, 200, 429])
      // What it held is free again at once.
      await expect.poll(async () => (await limitsOf(house)).find(({ name }) => name === 'open')?.left).toBe(1)
    }
    isHeld = false
    const plain = Array.from({ length: 4 }, () => call(house.callers.globex, 'chat/completions', { model: 'm', stream: false, ...chat }))
    expect((await Promise.all(plain)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })
})

test('limit-by-another-name: a body with tens of thousands of settings may ask for a stream behind them, and few are looked at', () => {
  const settings = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`setting${at}`, 1]))
  let reads = 0
  const members = new Proxy(settings, {
    get(of, name) {
      reads += 1
      return of[name as string]
    },
  })
  expect(asksInBody(members)).toBe(true)
  expect(asksInBody({ extra_body: members })).toBe(true)
  expect(reads).toBeLessThan(10_000)
  expect(asksInBody({ model: 'm', extra_body: { seed: 1 }, input: 'assess the stream' })).toBe(false)
})

describe('limit-by-another-name: what some server reads as a wish for a stream counts as one', () => {
  test.each([
    [{ enable_stream: true }],
    [{ use_streaming: 1 }],
    [{ stream_output: true }],
    [{ streamMode: 'messages' }],
    [{ incremental_output: true }],
    [{ response_format: 'stream' }],
    [{ output_format: 'text/event-stream; charset=utf-8' }],
    [{ format: 'application/jsonl' }],
    [{ transport: ['sse'] }],
    [{ extra_body: [{ stream: true }] }],
    [{ extra_body: { list: [{}, { parameters: { do_stream: true } }] } }],
  ])('in a body: %j', (members) => {
    expect(asksInBody({ model: 'm', ...members })).toBe(true)
  })

  test.each([
    'application/x-ndjson',
    'application/vnd.amazon.eventstream',
    'application/stream+json',
    'application/json-seq',
    '*/*, Text/Event-Stream',
  ])('in Accept: %s', (accept) => {
    expect(asksOutsideBody('chat/completions', '', accept)).toBe(true)
  })

  test('and what says that it is none, or is a file, does not', () => {
    for (const accept of ['application/json', 'application/octet-stream', '*/*', undefined])
      expect(asksOutsideBody('chat/completions', '?user=u_7', accept)).toBe(false)
    for (const members of [
      { stream: false, stream_format: 'audio' },
      { messages: [{ role: 'user', content: 'stream' }], stop: ['\n'] },
      { response_format: { type: 'json_object' }, tools: [{ type: 'function', function: { name: 'stream' } }] },
    ])
      expect([members, asksInBody({ model: 'm', ...members })]).toEqual([members, false])
  })
})

async function limitsOf({ origin, callers }: House): Promise<readonly { readonly name: string; readonly left: number }[]> {
  const answer = await fetch(`${origin}/ai/limits`, { headers: { authorization: `Bearer ${callers.globex}` } })
  return ((await answer.json()) as { limits: { name: string; left: number }[] }).limits
}
