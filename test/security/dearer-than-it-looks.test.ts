import { expect, test } from 'vitest'
import { forAnAnsweringGateway } from '../support/answering-gateway.js'

/*
 * What a call can cost is more than its model's name and its ceiling say, if another member or another reading of the name decides it. What
 * is set aside bounds all of it.
 */

const chat = { max_tokens: 16, messages: [{ role: 'user', content: 'Hi' }] }
const google = (generationConfig: object): object => ({ contents: [{ parts: [{ text: 'Hi' }] }], generationConfig })

const methods: 'POST'[] = ['POST']
const endpoints = {
  messages: { methods, format: 'messages', model: 'body' },
  'gen/{model}/go': { methods, format: 'generate-content', model: 'path' },
} as const

const prices = [
  { model: 'openai/*', unit: 'USD', perMillion: { input: 1, output: 1 } },
  { model: 'm', unit: 'USD', perMillion: { input: 1, output: 1 } },
  { model: '*', unit: 'USD', perMillion: { input: 1, output: 1 } },
  { model: 'other/dear', unit: 'USD', perMillion: { input: 1000, output: 1000 } },
  { model: 'odd name!', unit: 'USD', perMillion: { input: 1, output: 1 } },
  { model: 'other/dear:cheap', unit: 'USD', perMillion: { input: 1, output: 1 } },
  { model: 'big', unit: 'USD', perMillion: { input: 1000, output: 1000 } },
]

forAnAnsweringGateway(
  { endpoints },
  (open) => {
    /** What a call sets aside: its gateway reports nothing, so all of it is booked. */
    async function setAside(
      path: string,
      body: object,
    ): Promise<Readonly<{ code: string | undefined; money: number; tokens: number; big: number }>> {
      open().answer((_request, response) => response.setHeader('content-type', 'application/json').end('{"id":"x","choices":[{}]}'))
      const before = await left()
      const answer = await open().call('POST', path, body)
      const { error } = (await answer.json()) as { error?: { code: string } }
      // The count of a call is booked when its answer is out.
      if (error === undefined) await expect.poll(async () => before['calls']! - (await left())['calls']!).toBe(1)
      const after = await left()
      const used = (name: string): number => Math.round(1e9 * (before[name]! - after[name]!)) / 1e9
      return { code: error?.code, money: used('money'), tokens: used('tokens'), big: used('big') }
    }
    async function left(): Promise<Readonly<Record<string, number>>> {
      const answer = await fetch(`${open().house.origin}/ai/limits`, { headers: { authorization: `Bearer ${open().house.callers.acme}` } })
      const { limits } = (await answer.json()) as { limits: { name: string; left: number }[] }
      return Object.fromEntries(limits.map(({ name, left: amount }) => [name, amount]))
    }

    test('dearer-than-it-looks: a name that a gateway could read as another stands for any model, by its price and by its count', async () => {
      const plain = await setAside('chat/completions', { ...chat, model: 'openai/x' })
      expect(plain).toMatchObject({ code: undefined, big: 0 })
      for (const model of [
        'openai/x@preset/y',
        'openai/@preset/y',
        '@preset/y',
        'openai/x|big',
        'openai/x;big',
        'openai/../big',
        'openai/x?m=big',
        'openai/x%2Fbig',
        'openai/x\nbig',
      ]) {
        const odd = await setAside('chat/completions', { ...chat, model })
        expect([model, odd.code, odd.big]).toEqual([model, undefined, 1])
        expect(odd.money).toBeGreaterThan(900 * plain.money)
      }
    })

    test('dearer-than-it-looks: a name that a gateway could read as a dearer model costs as much as that one', async () => {
      for (const model of [
        'other/dear:nitro',
        'Other/Dear',
        'models/other/dear',
        'publishers/other/models/dear',
        '/other/dear',
        'other//dear',
        'other/dear-2026-08-06',
        'x/other/dear@1',
        'dear',
        'dear:free',
        'other/dear:cheap:nitro',
        'other/dear !',
        'other\uff0fdear',
        '"other/dear"',
        `other/dear${'-latest'.repeat(60)}`,
      ])
        expect([model, (await setAside('chat/completions', { ...chat, model })).money > 0.05]).toEqual([model, true])
      // The file has these in full, or as another model.
      for (const model of ['other/dear:cheap', 'other/dearer', 'azure/dear', 'other/x', 'some', 'odd name!'])
        expect([model, (await setAside('chat/completions', { ...chat, model })).money < 0.001]).toEqual([model, true])
    })

    test.each<[what: string, path: string, body: object]>([
      ['where Anthropic runs a model', 'messages', { inference_geo: 'us' }],
      ['the same in another spelling', 'messages', { inferenceGeo: 'us' }],
      ['the same in settings', 'messages', { extra_body: { inference_geo: 'us' } }],
      ['a speed', 'messages', { speed: 'fast' }],
      ['a tier', 'chat/completions', { service_tier: 'priority' }],
      ['a tier that nobody knows', 'chat/completions', { service_tier: 'ultrafast' }],
      ['a latency of Bedrock', 'chat/completions', { performanceConfig: { latency: 'optimized' } }],
      ['a region', 'chat/completions', { region: 'eu' }],
      ['who is billed', 'messages', { billing_policy: { type: 'billing_policy', bill_to: 'x' } }],
    ])('dearer-than-it-looks: %s may be dearer than usual, so it is 400 ceiling_required', async (_, path, body) => {
      expect((await setAside(path, { ...chat, model: 'm', ...body })).code).toBe('ceiling_required')
    })

    test('dearer-than-it-looks: what is said to be usual passes', async () => {
      for (const body of [{ inference_geo: 'global' }, { inference_geo: null }, { speed: 'standard' }, { service_tier: 'standard_only' }])
        expect((await setAside('messages', { ...chat, model: 'm', ...body })).code).toBeUndefined()
    })

    test.each<[what: string, path: string, body: object, tokens: number]>([
      [
        'of Anthropic, which its ceiling counts',
        'messages',
        { ...chat, model: 'm', thinking: { type: 'enabled', budget_tokens: 90_000 } },
        90_000 - 16,
      ],
      [
        'of Google, which its ceiling counts',
        'gen/m/go',
        google({ maxOutputTokens: 16, thinkingConfig: { thinkingBudget: 50_000 } }),
        50_000 - 16,
      ],
      ['of OpenRouter', 'chat/completions', { ...chat, model: 'm', reasoning: { max_tokens: 90_000 } }, 90_000],
      ['of DashScope, beside the ceiling', 'chat/completions', { ...chat, model: 'm', thinking_budget: 30_000 }, 30_000],
      ['of DashScope, below the ceiling', 'chat/completions', { ...chat, model: 'm', thinking_budget: 8 }, 8],
      ['for two answers', 'chat/completions', { ...chat, model: 'm', n: 2, thinking_budget: 30_000 }, 60_000],
      [
        'below the ceiling of Anthropic',
        'messages',
        { ...chat, model: 'm', max_tokens: 20_000, thinking: { type: 'enabled', budget_tokens: 8_000 } },
        20_000 - 16,
      ],
    ])('dearer-than-it-looks: a budget for thinking is set aside, %s', async (_, path, body, more) => {
      const without = await setAside(path, path.startsWith('gen') ? google({ maxOutputTokens: 16 }) : { ...chat, model: 'm' })
      const asked = await setAside(path, body)
      expect(asked.code).toBeUndefined()
      // Besides, the text of the request is longer.
      expect(asked.tokens - without.tokens).toBeGreaterThanOrEqual(more + (JSON.stringify(body).includes('"n":2') ? 16 : 0))
      expect(asked.tokens - without.tokens).toBeLessThan(more + 200)
    })

    test.each<[what: string, path: string, body: object]>([
      ['as a text', 'chat/completions', { ...chat, model: 'm', thinking_budget: '90000' }],
      ['below none, where it may be counted apart', 'chat/completions', { ...chat, model: 'm', thinking_budget: -1 }],
      ['that no number holds', 'messages', { ...chat, model: 'm', thinking: { type: 'enabled', budget_tokens: 1e300 } }],
      ['in parts of tokens', 'messages', { ...chat, model: 'm', thinking: { type: 'enabled', budget_tokens: 1000.5 } }],
    ])('dearer-than-it-looks: a budget for thinking %s bounds nothing', async (_, path, body) => {
      expect((await setAside(path, body)).code).toBe('ceiling_required')
    })
  },
  {
    limits: {
      prices: { version: '1', prices },
      rules: [
        { name: 'money', spend: '1000 USD' },
        { name: 'tokens', tokens: 100_000_000 },
        { name: 'big', model: 'big', requests: 1000 },
        { name: 'calls', requests: 1000 },
      ],
    },
  },
)

forAnAnsweringGateway(
  { endpoints },
  (open) => {
    test('dearer-than-it-looks: a ceiling is lowered beside the thinking, and never below the thinking that it counts', async () => {
      const { bodies } = open().upstream
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, input_tokens: 1, output_tokens: 1 }
      open().answer((_request, response) =>
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ id: 'x', choices: [{}], usage })),
      )
      const apart = await open().call('POST', 'chat/completions', { ...chat, model: 'm', max_tokens: 50_000, thinking_budget: 4000 })
      expect(apart.status).toBe(200)
      const lowered = (JSON.parse(bodies[0] as string) as { max_tokens: number }).max_tokens
      expect(lowered).toBeLessThanOrEqual(10_000 - 4000)
      expect(lowered).toBeGreaterThan(5000)
      const counted = { type: 'enabled', budget_tokens: 4000 }
      expect((await open().call('POST', 'messages', { ...chat, model: 'm', max_tokens: 50_000, thinking: counted })).status).toBe(200)
      expect((JSON.parse(bodies[1] as string) as { max_tokens: number }).max_tokens).toBeGreaterThan(9000)
      const tooMuch = await open().call('POST', 'messages', {
        ...chat,
        model: 'm',
        max_tokens: 50_000,
        thinking: { ...counted, budget_tokens: 20_000 },
      })
      expect([tooMuch.status, bodies.length]).toEqual([402, 2])
    })
  },
  { limits: { prices: { version: '1', prices }, rules: [{ name: 'tokens', tokens: 10_000 }] } },
)
