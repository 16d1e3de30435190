import type { ConfigInput } from '@postern/config'
import { parseGovernance } from '@postern/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { type BilledEnding, type BillingGateway, startBillingGateway } from '../support/billing-gateway.js'
import { doorNames, type House, type HouseOptions, openHouse } from '../support/house.js'

type Limits = NonNullable<ConfigInput['limits']>

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

const prices: Limits['prices'] = {
  version: '1',
  prices: [
    { model: 'm-*', unit: 'USD', perMillion: { input: 1000, output: 2000 }, maxOutput: 4000, ceilings: { image: 1000 } },
    { model: 'picture', unit: 'USD', perImage: 0.04 },
    { model: 'hosted', unit: 'USD', perMillion: { input: 1, output: 1 }, perCall: 0.5 },
  ],
}
/** The price of a token in billionths. */
const [inputPrice, outputPrice] = [1_000_000, 2_000_000]

interface Billed {
  readonly house: House
  readonly gateway: BillingGateway
  call(
    body?: object,
    options?: { ending?: BilledEnding; status?: number; signal?: AbortSignal; path?: string; headers?: Record<string, string> },
  ): Promise<Response>
}

async function openBilled(limits: Partial<Limits>, options: HouseOptions = {}, random?: () => number): Promise<Billed> {
  const gateway = await startBillingGateway(random)
  const gateways: ConfigInput['gateways'] = { main: { dialect: 'openai', baseURL: gateway.baseURL, attempts: 1 } }
  const house = await openHouse({ ...options, config: { gateways, limits: { prices, ...limits }, ...options.config } })
  open.push(house, gateway)
  return {
    house,
    gateway,
    call: (body = {}, { ending = 'whole', status, signal, path = 'chat/completions', headers } = {}) =>
      fetch(`${house.baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ model: 'm-1', messages: [{ role: 'user', content: 'Hi' }], metadata: { ending, status }, ...body }),
        ...(signal === undefined ? {} : { signal }),
      }),
  }
}

const recordOf = (answer: Response) => parseGovernance(answer.headers.get('postern-governance'))
async function refusalOf(answer: Response): Promise<readonly [number, string, string | null]> {
  const { error } = (await answer.json()) as { error: { code: string } }
  return [answer.status, error.code, answer.headers.get('x-should-retry')]
}
/** What is left of each limit, by name. */
async function leftOf({ house }: Billed): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`${house.origin}/ai/limits`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
  const { limits } = (await answer.json()) as { limits: { name: string; left: number }[] }
  return Object.fromEntries(limits.map(({ name, left }) => [name, left]))
}
const tokens = (amount: number): Limits['rules'] => [{ name: 'tokens', each: 'team', per: 'day', tokens: amount }]
const money = (spend: string): Limits['rules'] => [{ name: 'money', each: 'team', per: 'day', spend }]

describe.each(doorNames)('limits of tokens and money, behind the %s door', (door) => {
  test('book what the gateway reports, and tell in the record what is left', async () => {
    const billed = await openBilled({ rules: [...tokens(10_000)!, ...money('10 USD')!] }, { door })
    const answer = await billed.call({ max_tokens: 100 })
    expect(answer.status).toBe(200)
    const used = billed.gateway.tokens()
    const cost = billed.gateway.money(inputPrice, outputPrice) / 1e9
    expect(await leftOf(billed)).toEqual({ tokens: 10_000 - used, money: 10 - cost })
    // The smaller share is left of the money or of the tokens.
    expect(recordOf(answer)?.budget_left).toEqual(
      used / 10_000 > cost / 10
        ? { amount: 10_000 - used, unit: 'tokens', rule: 'tokens' }
        : { amount: 10 - cost, unit: 'USD', rule: 'money' },
    )
    expect(recordOf(answer)).not.toHaveProperty('clamped')
    expect(answer.headers.get('ratelimit-policy')).toBe('"tokens";q=10000;qu="tokens";w=86400')
    expect(billed.house.ledger.entries[0]).toMatchObject({ finish: 'complete', booked: expect.stringMatching(/reported|priced/) })
  })

  test('write a ceiling into a request that states none, and lower one that is higher than the model’s most', async () => {
    const billed = await openBilled({ rules: money('100 USD') }, { door })
    expect(recordOf(await billed.call())?.clamped).toEqual({ ceiling: 4000 })
    expect(billed.gateway.bill.at(-1)?.body).toMatchObject({ max_tokens: 4000 })
    expect(recordOf(await billed.call({ max_completion_tokens: 9000, stream: true }))?.clamped).toEqual({ ceiling: 4000, asked: 9000 })
    expect(billed.gateway.bill.at(-1)?.body).toMatchObject({ max_completion_tokens: 4000 })
    expect(billed.gateway.bill.at(-1)?.body).not.toHaveProperty('max_tokens')
    expect(recordOf(await billed.call({ max_tokens: 30 }))).not.toHaveProperty('clamped')
    expect(billed.house.ledger.entries.at(-2)).toMatchObject({ clamped: { ceiling: 4000, asked: 9000 } })
  })

  test('lower the ceiling to what is left, never below 16, and then refuse without a retry', async () => {
    const billed = await openBilled({ rules: tokens(2000) }, { door })
    const first = await billed.call({ max_tokens: 1000 })
    expect(first.status).toBe(200)
    const second = await billed.call({ max_tokens: 1000 })
    const { clamped } = recordOf(second) ?? {}
    expect([second.status, clamped?.asked]).toEqual([200, 1000])
    expect(clamped?.ceiling).toBeLessThan(1000)
    expect(clamped?.ceiling).toBeGreaterThanOrEqual(16)
    let last = await billed.call({ max_tokens: 1000 })
    for (let calls = 0; last.status === 200 && calls < 20; calls += 1) last = await billed.call({ max_tokens: 1000 })
    expect(await refusalOf(last)).toEqual([402, 'budget_exhausted', 'false'])
    expect(billed.gateway.tokens()).toBeLessThanOrEqual(2000)
    expect(billed.gateway.bill.every(({ body }) => (body['max_tokens'] as number) >= 16)).toBe(true)
  })

  test.each([
    ['that begins anew each day says when it does', { per: 'day' }, true],
    ['that never begins anew names no time', {}, false],
  ] as const)('refuse with 402, where a limit %s', async (_, per, begins) => {
    const billed = await openBilled({ rules: [{ name: 'tokens', tokens: 100, ...per }] }, { door })
    const answer = await billed.call({ max_tokens: 100_000, messages: [{ role: 'user', content: 'x'.repeat(5000) }] })
    const wait = Number(answer.headers.get('retry-after') ?? NaN)
    expect([wait > 0 && wait <= 86_400, answer.headers.has('retry-after')]).toEqual([begins, begins])
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    expect([error.code, error.message.includes('Retry-After')]).toEqual(['budget_exhausted', begins])
    expect(error.message).not.toContain('session')
    expect(billed.gateway.bill).toEqual([])
  })

  test('refuse a call that fits only when calls under way have ended as held, and let it through then', async () => {
    const billed = await openBilled({ rules: tokens(1000) }, { door }, () => 0.1)
    const leaving = new AbortController()
    const held = billed.call({ max_tokens: 800 }, { ending: 'hangs', signal: leaving.signal }).catch(() => undefined)
    await expect.poll(() => billed.gateway.bill.length).toBe(1)
    const answer = await billed.call({ max_tokens: 400 })
    expect(await refusalOf(answer)).toEqual([429, 'budget_held', null])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    leaving.abort()
    await held
  })

  test.each<[what: string, body: object, ending: BilledEnding, booked: string | undefined, isAborted?: boolean]>([
    ['whole answer', { max_tokens: 50 }, 'whole', 'priced'],
    ['stream whose client did not ask for counts', { max_tokens: 50, stream: true }, 'whole', 'priced'],
    ['stream that breaks off', { max_tokens: 50, stream: true }, 'cut', 'assumed'],
    ['answer that breaks off', { max_tokens: 50 }, 'cut', 'assumed'],
    ['stream with an error', { max_tokens: 50, stream: true }, 'error inside', 'assumed'],
    ['error inside a 200', { max_tokens: 50 }, 'error inside', 'assumed'],
    ['answer without counts', { max_tokens: 50 }, 'silent', 'assumed'],
    ['stream without counts', { max_tokens: 50, stream: true }, 'silent', 'assumed'],
    ['failure of the gateway', { max_tokens: 50 }, 'failed', 'assumed'],
    ['several answers', { max_tokens: 50, n: 3 }, 'whole', 'priced'],
    ['call that the client leaves', { max_tokens: 50 }, 'hangs', 'assumed', true],
  ])('never book less than the bill of a %s', async (_, body, ending, booked, isAborted = false) => {
    for (const random of [() => 1, () => 0.4]) {
      const billed = await openBilled({ rules: [...tokens(1_000_000)!, ...money('1000 USD')!] }, { door }, random)
      const leaving = new AbortController()
      const calling = billed
        .call(body, { ending, signal: leaving.signal })
        .then((answer) => answer.text())
        .catch(() => undefined)
      await expect.poll(() => billed.gateway.bill.length).toBe(1)
      if (isAborted) leaving.abort()
      await calling
      await expect.poll(() => billed.house.ledger.entries.filter(({ path }) => path.endsWith('completions')).length).toBe(1)
      const left = await leftOf(billed)
      const spent = { tokens: 1_000_000 - (left['tokens'] as number), money: Math.round((1000 - (left['money'] as number)) * 1e9) }
      const bill = { tokens: billed.gateway.tokens(), money: billed.gateway.money(inputPrice, outputPrice) }
      if (booked === 'priced') expect(spent).toEqual(bill)
      else {
        expect(spent.tokens).toBeGreaterThanOrEqual(bill.tokens)
        expect(spent.money).toBeGreaterThanOrEqual(bill.money)
      }
      expect(billed.house.ledger.entries.find(({ path }) => path.endsWith('completions'))).toMatchObject({ booked })
    }
  })

  test('give everything back for a call that the gateway refused', async () => {
    const billed = await openBilled({ rules: [...tokens(1000)!, ...money('1 USD')!] }, { door })
    expect((await billed.call({ max_tokens: 100 }, { ending: 'refused' })).status).toBe(400)
    expect(await leftOf(billed)).toEqual({ tokens: 1000, money: 1 })
    expect(billed.house.ledger.entries[0]?.booked).toBeUndefined()
  })

  test('book a bill above what was set aside whole, and refuse what comes next', async () => {
    const billed = await openBilled({ rules: tokens(500) }, { door })
    expect((await billed.call({ max_tokens: 300 }, { ending: 'excess' })).status).toBe(200)
    expect(billed.gateway.tokens()).toBeGreaterThan(300)
    for (let calls = 0; calls < 5; calls += 1) if ((await billed.call({ max_tokens: 300 }, { ending: 'excess' })).status !== 200) break
    const excess = billed.gateway.bill.reduce((sum, each) => sum + each.excess, 0)
    expect(billed.gateway.tokens()).toBeLessThanOrEqual(500 + excess)
    expect(await refusalOf(await billed.call({ max_tokens: 16 }))).toEqual([402, 'budget_exhausted', 'false'])
  })

  test('measure what passed where the operator says so', async () => {
    const billed = await openBilled({ rules: tokens(100_000), unreported: 'measure' }, { door }, () => 0.01)
    await (await billed.call({ max_tokens: 4000, stream: true }, { ending: 'silent' })).text()
    expect(billed.house.ledger.entries.at(-1)).toMatchObject({ booked: 'measured' })
    expect((await leftOf(billed))['tokens']).toBeGreaterThan(98_000)
  })

  test.each<[what: string, body: object, param: string]>([
    ['a hosted tool', { tools: [{ type: 'web_search' }] }, 'type'],
    ['search beside the answer', { web_search_options: {} }, 'web_search_options'],
    ['a prediction', { prediction: { type: 'content', content: 'x' } }, 'prediction'],
    ['an answer that is spoken', { modalities: ['text', 'audio'], audio: { voice: 'alloy' } }, 'modalities'],
    ['a ceiling that is no number', { max_tokens: '100' }, 'max_tokens'],
    ['a second ceiling in settings of a gateway', { max_tokens: 16, extra_body: { max_tokens: 100_000 } }, 'extra_body'],
    ['a number of answers under another name', { max_tokens: 16, num_return_sequences: 'many' }, 'max_tokens'],
    [
      'a sound without a ceiling',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA' } }] }] },
      'audio',
    ],
    ['a stored file', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }, 'file'],
    ['a model without a price', { model: 'unknown' }, 'model'],
    ['a tool that says by a member what it is', { tools: [{ googleSearch: {} }] }, 'googleSearch'],
    [
      'a hosted tool that calls itself a function',
      { tools: [{ type: 'function', function: { name: 'f' }, google_search: {} }] },
      'google_search',
    ],
    ['a hosted tool among settings', { extra_body: { tools: [{ type: 'web_search_preview' }] } }, 'type'],
    ['a hosted tool of a fallback', { fallbacks: [{ model: 'm-2', tools: [{ type: 'web_search' }] }] }, 'type'],
    ['search among settings', { extra_body: { web_search_options: {} } }, 'web_search_options'],
    ['search in another word', { enable_web_search: true }, 'enable_web_search'],
    ['a model that searches', { model: 'm-1:online' }, 'model'],
    ['an answer that is spoken, among settings', { extra_body: { modalities: ['audio'] } }, 'modalities'],
    ['a dearer tier', { service_tier: 'priority' }, 'service_tier'],
    ['a dearer speed', { speed: 'fast' }, 'speed'],
    [
      'a document by its address',
      { messages: [{ role: 'user', content: [{ type: 'document_url', document_url: 'https://x.example/a' }] }] },
      'file',
    ],
    ['a file without a type', { messages: [{ role: 'user', content: [{ document: 'https://x.example/a' }] }] }, 'file'],
    ['another model that may run', { models: ['m-2', 'unknown'] }, 'model'],
  ])('refuse %s, which nothing bounds', async (_, body, param) => {
    const billed = await openBilled({ rules: money('100 USD') }, { door })
    const answer = await billed.call(body)
    const { error } = (await answer.json()) as { error: { code: string; param: string } }
    expect([answer.status, error.code]).toEqual([400, 'ceiling_required'])
    expect(error.param).toContain(param)
    expect(billed.gateway.bill).toHaveLength(0)
    expect(await leftOf(billed)).toEqual({ money: 100 })
  })

  test.each<[what: string, body: object]>([
    [
      'functions',
      {
        tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } }],
        tool_choice: 'auto',
        parallel_tool_calls: false,
      },
    ],
    [
      'tools of the Messages API',
      {
        tools: [
          { name: 'f', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
          { type: 'bash_20250124', name: 'bash' },
        ],
      },
    ],
    [
      'structured answers',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 's', schema: { type: 'object', properties: { audio: { type: 'string' }, tools: { type: 'array' } } } },
        },
      },
    ],
    [
      'pictures by address',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'x' },
              { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'low' } },
            ],
          },
        ],
      },
    ],
    [
      'tool calls and their results',
      {
        messages: [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"web_search":1}' } }],
          },
          { role: 'tool', tool_call_id: 'c', content: 'x' },
        ],
      },
    ],
    [
      'usual settings',
      {
        temperature: 1,
        top_p: 1,
        seed: 1,
        stop: ['x'],
        logprobs: true,
        top_logprobs: 2,
        presence_penalty: 0,
        user: 'u',
        service_tier: 'auto',
        reasoning_effort: 'low',
        verbosity: 'low',
        prompt_cache_key: 'k',
        safety_identifier: 's',
        store: false,
        modalities: ['text'],
        n: 1,
        logit_bias: {},
      },
    ],
  ])('let pass %s, as clients send them', async (_, body) => {
    const billed = await openBilled({ rules: [...tokens(1_000_000)!, ...money('100 USD')!] }, { door })
    const answer = await billed.call(body)
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Hello')])
  })

  test.each<[name: string, body: object]>([
    ['max_new_tokens', { max_new_tokens: 1 }],
    ['num_predict', { num_predict: 1 }],
    ['max_output_tokens', { max_output_tokens: 1 }],
    ['max_gen_len, and a ceiling that is null', { max_gen_len: 1, max_tokens: null }],
  ])('write a ceiling beside one of another API, which the gateway may not know: %s', async (_, body) => {
    const billed = await openBilled({ rules: tokens(100_000) }, { door })
    expect((await billed.call(body)).status).toBe(200)
    expect(billed.gateway.bill[0]?.body).toMatchObject({ max_tokens: 4000 })
    expect((await leftOf(billed))['tokens']).toBe(100_000 - billed.gateway.tokens())
  })

  test.each([408, 409, 424, 425, 499, 500, 529])(
    'book all that was set aside for a status that may come after the run: %d',
    async (status) => {
      const billed = await openBilled({ rules: tokens(10_000) }, { door })
      const answer = await billed.call({ max_tokens: 1000 }, { ending: 'failed', status })
      expect(answer.ok).toBe(false)
      expect((await leftOf(billed))['tokens']).toBeLessThan(9000)
    },
  )

  test('do not believe counts that grow in a stream that was cut', async () => {
    const billed = await openBilled({ rules: tokens(10_000) }, { door })
    const answer = await billed.call({ max_tokens: 1000, stream: true }, { ending: 'cut while it counts' })
    await answer.text().catch(() => undefined)
    await expect.poll(() => billed.house.ledger.entries.length).toBe(1)
    expect(billed.house.ledger.entries[0]).toMatchObject({ booked: 'assumed' })
    expect((await leftOf(billed))['tokens']).toBeLessThan(9000)
  })

  test('bound pictures by their own price alone, and not by that of tokens', async () => {
    const picture = (body: object): Promise<Response> => billed.call({ prompt: 'x', ...body }, { path: 'images/generations' })
    const billed = await openBilled({ rules: money('0.1 USD') }, { door })
    for (const [body, status] of [
      [{ model: 'm-1' }, 400],
      [{ model: 'picture', num_images: 10 }, 400],
      [{ model: 'picture', extra_body: { n: 10 } }, 400],
      [{ model: 'picture', sequential_image_generation_options: { max_images: 15 } }, 400],
      [{ model: 'picture', sequential_image_generation: 'auto' }, 400],
      [{ model: 'picture', batch_size: 4 }, 400],
      [{ model: 'picture', num_images_per_prompt: '4' }, 400],
      [{ model: 'picture', n_iter: 4 }, 400],
      [{ model: 'picture', quantity: 4 }, 400],
      [{ model: 'picture', imgCount: 2 }, 400],
      [{ model: 'picture', how_many: 2.5 }, 400],
      [{ model: 'picture', parameters: { copies: 4 } }, 400],
      [{ model: 'picture', prompt: ['a', 'b'] }, 400],
      [{ model: 'picture', prompts: ['a', 'b'] }, 400],
      [{ model: 'picture', n: 3 }, 402],
    ] as const)
      expect([body, (await picture(body)).status]).toEqual([body, status])
    expect(billed.gateway.bill).toHaveLength(0)
    const manner = { seed: 42, width: 1024, height: 768, num_inference_steps: 30, guidance_scale: 7.5, strength: 0.8, partial_images: 2 }
    const further = { ...manner, batch_size: 1, size: '1024x1024', output_compression: 80, sequential_image_generation: 'disabled' }
    expect((await picture({ model: 'picture', n: 2, messages: [], ...further })).status).toBe(200)
  })

  test('let pass what a price of the whole call bounds, and set that aside', async () => {
    const billed = await openBilled({ rules: money('0.9 USD') }, { door })
    expect((await billed.call({ model: 'hosted', tools: [{ type: 'web_search' }] }, { ending: 'silent' })).status).toBe(200)
    expect(await leftOf(billed)).toEqual({ money: 0.4 })
    expect(await refusalOf(await billed.call({ model: 'hosted', tools: [{ type: 'web_search' }] }))).toEqual([
      402,
      'budget_exhausted',
      'false',
    ])
  })

  test('count what has no price in tokens only, if the operator says so', async () => {
    const billed = await openBilled({ rules: [...tokens(5000)!, ...money('1 USD')!], unpriced: 'tokens' }, { door })
    expect((await billed.call({ model: 'unknown', max_tokens: 100 })).status).toBe(200)
    expect(await leftOf(billed)).toEqual({ tokens: 5000 - billed.gateway.tokens(), money: 1 })
  })

  test('refuse a model without a price, and tell the log alone which gateway needs an entry', async () => {
    const billed = await openBilled({ rules: money('1 USD')! }, { door })
    const answer = await billed.call({ model: 'unknown', max_tokens: 100 })
    const text = await answer.text()
    expect([answer.status, text]).toEqual([400, expect.stringContaining('ceiling_required')])
    expect(text).not.toMatch(/gateway \\?"/)
    expect(JSON.stringify(billed.house.ledger.entries.at(-1))).toContain('at the gateway')
  })

  test('set pictures aside by their ceiling, and not by the bytes in which they stand', async () => {
    const billed = await openBilled({ rules: tokens(3000) }, { door }, () => 0.01)
    const content = [{ type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(20_000)}` } }]
    expect((await billed.call({ messages: [{ role: 'user', content }], max_tokens: 16 })).status).toBe(200)
    const text = [{ type: 'text', text: 'A'.repeat(20_000), image_url: 'https://a.example/x' }]
    expect((await billed.call({ messages: [{ role: 'user', content: text }], max_tokens: 16 })).status).toBe(402)
  })

  test('count a workflow for its whole life, and say nothing of a team’s money to a page', async () => {
    const billed = await openBilled({ rules: [{ name: 'run', each: 'workflow', spend: '0.5 USD' }, ...money('100 USD')!] }, { door })
    const headers = { 'x-workflow-id': 'w1' }
    const answer = await billed.call({ max_tokens: 100 }, { headers })
    expect(recordOf(answer)?.budget_left).toMatchObject({ unit: 'USD', rule: 'run' })
    let last = answer
    for (let calls = 0; last.status === 200 && calls < 20; calls += 1) last = await billed.call({ max_tokens: 100 }, { headers })
    expect(await refusalOf(last)).toEqual([402, 'budget_exhausted', 'false'])
    expect((await billed.call({ max_tokens: 100 }, { headers: { 'x-workflow-id': 'w2' } })).status).toBe(200)
    const page = await billed.call({ max_tokens: 100 }, { headers: { 'sec-fetch-site': 'same-origin' } })
    expect(recordOf(page)).not.toHaveProperty('budget_left')
  })

  test('leave alone what runs no model', async () => {
    const billed = await openBilled({ rules: money('0.000000001 USD') }, { door })
    const answer = await fetch(`${billed.house.baseURL}/models`, { headers: { authorization: `Bearer ${billed.house.callers.acme}` } })
    expect(answer.status).not.toBe(402)
  })
})
