import { createServer, type Server } from 'node:http'
import type { ConfigInput } from '@postern/config'
import { createPosternFetch, PosternStreamError } from '@postern/client'
import { parseGovernance } from '@postern/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { doorNames, type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

/** How a gateway streams a piece of its answer in some format, and how it ends. */
interface Form {
  readonly path: string
  readonly request: object
  readonly piece: (text: string) => string
  readonly end: string
}

const data = (record: object): string => `data: ${JSON.stringify(record)}\n\n`
const typed = (record: { readonly type: string }): string => `event: ${record.type}\n${data(record)}`
const messages = [{ role: 'user', content: 'Go on and on.' }]
const chunk = (delta: object, index = 0): string =>
  data({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices: [{ index, delta, finish_reason: null }] })
const ceiling = 16
const chat = { path: 'chat/completions', request: { messages, max_tokens: ceiling }, end: 'data: [DONE]\n\n' }
const responses = {
  path: 'responses',
  request: { input: 'Go on and on.', max_output_tokens: ceiling },
  end: typed({ type: 'response.completed' }),
}
const ofMessages = {
  path: 'messages',
  request: { messages, max_tokens: ceiling },
  end: typed({ type: 'message_stop' }),
}

const forms: Readonly<Record<string, Form>> = {
  'text of a chat': { ...chat, piece: (content) => chunk({ content }) },
  'thoughts in a chat': { ...chat, piece: (text) => chunk({ reasoning_content: text }) },
  'arguments of a tool in a chat': {
    ...chat,
    piece: (text) => chunk({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
  },
  'text of a chat in escapes': {
    ...chat,
    piece: (text) =>
      chunk({ content: '~' }).replace(
        '~',
        text.replaceAll(/./g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`),
      ),
  },
  'the input of a tool of its own form in a chat': {
    ...chat,
    piece: (text) => chunk({ tool_calls: [{ index: 0, type: 'custom', custom: { name: 't', input: text } }] }),
  },
  'text of a chat with odd blanks': { ...chat, piece: (content) => chunk({ content }).replace('"content":', '"content"\t: ') },
  'text of a chat beside the answer so far': {
    ...chat,
    piece: (content) =>
      chunk({ content }).replace('"finish_reason"', '"message":{"role":"assistant","content":"word word"},"finish_reason"'),
  },
  'several answers of a chat': {
    ...chat,
    request: { messages, max_tokens: ceiling, n: 2 },
    piece: (content) => chunk({ content }, 0) + chunk({ content }, 1),
  },
  'a text completion': {
    ...chat,
    path: 'completions',
    request: { prompt: 'Go on and on.', max_tokens: ceiling },
    piece: (text) => data({ id: 'c', object: 'text_completion', model: 'm-1', choices: [{ index: 0, text, finish_reason: null }] }),
  },
  'text of a response': { ...responses, piece: (delta) => typed({ type: 'response.output_text.delta', delta } as { type: string }) },
  'arguments of a tool in a response': {
    ...responses,
    piece: (delta) => typed({ type: 'response.function_call_arguments.delta', delta } as { type: string }),
  },
  'text of a message': {
    ...ofMessages,
    piece: (text) => typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } } as { type: string }),
  },
  'thoughts in a message': {
    ...ofMessages,
    piece: (thinking) => typed({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking } } as { type: string }),
  },
}

interface Streaming {
  readonly house: House
  /** How many pieces the gateway had sent when it was left; -1 while it sends. */
  readonly sent: () => number
  call(signal?: AbortSignal): Promise<Response>
}

/** A house with limits before a gateway that streams pieces for as long as somebody takes them, `most` at most. */
async function openStreaming(form: Form, write: (index: number) => string, most: number, options: HouseOptions = {}): Promise<Streaming> {
  let sent = -1
  const server: Server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let index = 0
    const goOn = (): void => {
      if (response.destroyed) return
      if (index === most) return void response.end(form.end)
      response.write(write(index))
      index += 1
      setImmediate(goOn)
    }
    response.on('close', () => (sent = index))
    goOn()
  })
  const baseURL = `${await listenAnywhere(server)}/v1`
  const endpoints = { messages: { methods: ['POST' as const], format: 'messages' as const, model: 'body' as const } }
  const gateways: ConfigInput['gateways'] = { main: { dialect: 'openai', baseURL, attempts: 1, endpoints } }
  const house = await openHouse({ ...options, config: { gateways, limits, ...options.config } })
  open.push(
    () => house.close(),
    async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  )
  return {
    house,
    sent: () => sent,
    call: (signal) =>
      fetch(`${house.baseURL}/${form.path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'm-1', stream: true, ...form.request }),
        ...(signal === undefined ? {} : { signal }),
      }),
  }
}

const limits: NonNullable<ConfigInput['limits']> = { rules: [{ name: 'a-day', each: 'team', per: 'day', tokens: 100_000 }] }

/** All that came of an answer, until its end or until it was cut. */
async function readAll(answer: Response): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  let text = ''
  try {
    for await (const piece of answer.body as AsyncIterable<Uint8Array>) text += Buffer.from(piece).toString()
    return { text, isWhole: true }
  } catch {
    return { text, isWhole: false }
  }
}

const endless = 20_000

describe('stream-behind-its-ceiling: a stream that goes on behind what was set aside for it is cut and told', () => {
  test.each(Object.entries(forms))('%s', async (_, form) => {
    const streaming = await openStreaming(form, () => form.piece('word '), endless)
    const { text, isWhole } = await readAll(await streaming.call())
    expect(isWhole).toBe(false)
    expect(text).toMatch(/"code":"budget_exhausted"[^\n]*\n\n: postern [^\n]*"finish":"cut_budget"[^\n]*\n\n$/)
    // Sixteen tokens are some sixty characters; no tokenizer makes 32 characters of each.
    expect(text.length).toBeLessThan(form.piece('word ').length * 700)
    await expect.poll(streaming.sent).toBeGreaterThan(0)
    expect(streaming.sent()).toBeLessThan(endless)
    const [entry] = streaming.house.ledger.entries
    expect(entry).toMatchObject({ finish: 'cut_budget', code: 'budget_exhausted', booked: 'assumed' })
  })

  test('one large event, before the client has got anything', async () => {
    const form = forms['text of a chat'] as Form
    const { call, house } = await openStreaming(form, () => form.piece('word '.repeat(1000)), endless)
    const answer = await call()
    expect(answer.status).toBe(402)
    expect(parseGovernance(answer.headers.get('postern-governance'))).toMatchObject({ finish: 'cut_budget' })
    expect(answer.headers.get('x-should-retry')).toBe('false')
    expect(house.ledger.entries[0]).toMatchObject({ finish: 'cut_budget', code: 'budget_exhausted' })
  })

  test('as soon as the gateway itself says so and goes on, and what it has said is booked', async () => {
    const form = forms['text of a chat'] as Form
    const saying = (index: number): string =>
      form.piece('a ') + data({ choices: [], usage: { prompt_tokens: 5, completion_tokens: index, total_tokens: index + 5 } })
    const { call, house } = await openStreaming(form, saying, endless)
    const { text, isWhole } = await readAll(await call())
    expect(isWhole).toBe(false)
    expect(text.match(/"content":"a "/g)?.length).toBeLessThanOrEqual(ceiling + 3)
    expect(house.ledger.entries[0]).toMatchObject({ finish: 'cut_budget' })
    const response = await fetch(`${house.origin}/ai/limits`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
    const { limits: told } = (await response.json()) as { limits: { left: number }[] }
    expect(told[0]?.left).toBeLessThanOrEqual(100_000 - (5 + ceiling + 1))
  })

  test('and where it goes on behind its end mark, the gateway is left, and the client has its whole answer', async () => {
    const form = forms['text of a chat'] as Form
    const { call, sent, house } = await openStreaming(form, (index) => (index === 1 ? form.end : '') + form.piece('word '), endless)
    const { text, isWhole } = await readAll(await call())
    expect([isWhole, text.match(/^: postern .*"finish":"\w+"/gm)?.length]).toEqual([true, 1])
    expect(house.ledger.entries[0]).toMatchObject({ finish: 'complete' })
    await expect.poll(sent).toBeGreaterThan(0)
    expect(sent()).toBeLessThan(endless)
  })

  test.each(doorNames)('and the SDK says so, behind the %s door', async (door) => {
    const form = forms['text of a chat'] as Form
    const { house } = await openStreaming(form, () => form.piece('word '), endless, { door })
    const { fetch: fetcher } = createPosternFetch({ url: `${house.origin}/ai`, token: () => Promise.resolve(house.callers.acme) })
    const answer = await fetcher(`${house.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm-1', stream: true, ...form.request }),
    })
    const failure = await answer.text().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(PosternStreamError)
    expect(failure).toMatchObject({ finish: 'cut_budget', message: expect.stringContaining('outgrew its budget') })
  })
})

describe('stream-behind-its-ceiling: what keeps to its ceiling passes to its end', () => {
  /** As many characters as sixteen tokens may have, in whatever pieces. */
  const longest = 'characteristically '.repeat(16).slice(0, 304)

  test.each(Object.entries(forms))('%s, in pieces of one letter and of many', async (_, form) => {
    for (const pieces of [longest.split(''), [longest]]) {
      const { call, house } = await openStreaming(form, (index) => form.piece(pieces[index] as string), pieces.length)
      const { text, isWhole } = await readAll(await call())
      expect(isWhole).toBe(true)
      expect(text).toContain('"finish":"complete"')
      expect(house.ledger.entries[0]).toMatchObject({ finish: 'complete' })
    }
  })

  test('what a text completion repeats of its prompt', async () => {
    const form = forms['a text completion'] as Form
    const prompt = 'Once upon a time there was a king. '.repeat(400)
    const echoing = { ...form, request: { prompt, echo: true, max_tokens: ceiling } }
    const events = [form.piece(prompt), ...longest.split('').map((letter) => form.piece(letter))]
    const { call } = await openStreaming(echoing, (index) => events[index] as string, events.length)
    expect((await readAll(await call())).isWhole).toBe(true)
  })

  test.each<[what: string, form: Form, request: object]>([
    ['a text completion, in several answers', forms['a text completion'] as Form, { prompt: 'x' }],
    ['a chat, in several answers', forms['text of a chat'] as Form, { messages: [{ role: 'user', content: 'x' }] }],
  ])('what %s repeats of its prompt', async (_, form, request) => {
    const prompt = 'Once upon a time there was a king. '.repeat(150)
    const asked = JSON.parse(JSON.stringify({ ...request, echo: true, n: 4, max_tokens: ceiling }).replace('"x"', JSON.stringify(prompt)))
    const events = Array.from({ length: 4 }, () => [form.piece(prompt), form.piece(longest.slice(0, 300))]).flat()
    const { call } = await openStreaming({ ...form, request: asked as object }, (index) => events[index] as string, events.length)
    expect((await readAll(await call())).text).toContain('"finish":"complete"')
  })

  test.each<[what: string, events: readonly string[]]>([
    [
      'the whole answer so far beside each piece',
      Array.from({ length: 300 }, (_, index) =>
        chunk({ content: 'a' }).replace('"finish_reason"', `"message":{"content":"${'a'.repeat(index)}"},"finish_reason"`),
      ),
    ],
    [
      'what was found, with its text',
      [chunk({ content: 'a', annotations: [{ type: 'url_citation', url_citation: { content: 'x'.repeat(9000) } }] })],
    ],
    [
      'what a server found and tells beside it',
      [`${chunk({ content: 'a' }).slice(0, -3)},"context":{"content":"${'x'.repeat(9000)}"}}\n\n`],
    ],
    ['rows of hyphens, each a token', Array.from({ length: ceiling }, () => chunk({ content: '-'.repeat(128) }))],
    ['rows of box lines, each a token', Array.from({ length: ceiling }, () => chunk({ content: '\u2500'.repeat(64) }))],
    ['rows of one emoji, each a token', Array.from({ length: ceiling }, () => chunk({ content: '\u{1f600}'.repeat(64) }))],
    ['a row of three megabytes', [chunk({ content: '-'.repeat(3_000_000) })]],
    ['rows of three megabytes that begin again and again', [chunk({ content: `${'-'.repeat(999)}\n`.repeat(100) })]],
    ['rows of blanks, each a token', Array.from({ length: ceiling }, () => chunk({ content: ' '.repeat(128) }))],
    [
      'one thought under two names',
      Array.from({ length: ceiling * 4 }, () => chunk({ reasoning: 'characters', reasoning_content: 'characters' })),
    ],
  ])('a chat with %s', async (_, events) => {
    const { call } = await openStreaming(forms['text of a chat'] as Form, (index) => events[index] as string, events.length)
    const { text, isWhole } = await readAll(await call())
    expect([isWhole, text.includes('"finish":"complete"')]).toEqual([true, true])
  })

  test('a response that speaks, whose sound is no text', async () => {
    const form = forms['text of a response'] as Form
    const sound = typed({ type: 'response.audio.delta', delta: 'A'.repeat(4000) } as { type: string })
    const { call } = await openStreaming(form, () => sound, 4)
    expect((await readAll(await call())).isWhole).toBe(true)
  })

  test.each([
    ['signs of life', ': still there\n\n'],
    ['pieces without text', chunk({ content: '' })],
    [
      'probabilities beside each piece',
      chunk({ content: '' }).replace('"finish_reason"', '"logprobs":{"content":[{"token":"word"}]},"finish_reason"'),
    ],
  ])('however many %s there are', async (_, event) => {
    const { call } = await openStreaming(forms['text of a chat'] as Form, () => event, 2000)
    expect((await readAll(await call())).isWhole).toBe(true)
  })

  test('a response whose last events repeat its text', async () => {
    const form = forms['text of a response'] as Form
    const whole = 'word '.repeat(16)
    const item = { type: 'message', content: [{ type: 'output_text', text: whole }] }
    const events = [
      form.piece(whole),
      ...Array.from({ length: 40 }, () => typed({ type: 'response.output_text.done', text: whole } as { type: string })),
      ...Array.from({ length: 40 }, () => typed({ type: 'response.output_item.done', item } as { type: string })),
    ]
    const { call } = await openStreaming(form, (index) => events[index] as string, events.length)
    expect((await readAll(await call())).isWhole).toBe(true)
  })

  test('a usage in the last chunk that is above the ceiling, since nothing comes behind it', async () => {
    const form = forms['text of a chat'] as Form
    const usage = { prompt_tokens: 5, completion_tokens: 900, total_tokens: 905 }
    const events = [form.piece('all of it'), data({ choices: [], usage })]
    const { call, house } = await openStreaming(form, (index) => events[index] as string, events.length)
    expect((await readAll(await call())).isWhole).toBe(true)
    expect(house.ledger.entries[0]).toMatchObject({ finish: 'complete', booked: 'reported' })
  })

  test('a caller whom no limit of money or tokens bounds', async () => {
    const form = forms['text of a chat'] as Form
    const rules = [{ name: 'calls', each: 'team' as const, per: 'day' as const, requests: 10 }]
    const { call } = await openStreaming(form, () => form.piece('word '), 2000, { config: { limits: { rules } } })
    expect((await readAll(await call())).isWhole).toBe(true)
  })
})
