import { createMemoryStore, type Store } from '@postern/ports'
import { openStore } from '@postern/stores'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { doorNames, type House, listenAnywhere, openHouse } from '../support/house.js'

const most = Number.MAX_SAFE_INTEGER

/** Members that multiply the tokens of an answer, or say how many it may have, each with more than any store can count. */
const members: readonly (readonly [name: string, body: Readonly<Record<string, unknown>>])[] = [
  ...['max_tokens', 'max_completion_tokens', 'max_output_tokens'].map((name) => [name, { max_tokens: 50, [name]: most }] as const),
  ...['n', 'best_of', 'num_return_sequences', 'num_generations', 'candidate_count'].flatMap((name) =>
    [9e15, 2 ** 52, most].map((value) => [`${name}: ${value}`, { max_tokens: 50, [name]: value }] as const),
  ),
  ['reasoning_budget', { max_tokens: 50, reasoning_budget: most }],
  ['thinking', { max_tokens: 50, thinking: { type: 'enabled', budget_tokens: most } }],
  ['several at once', { max_tokens: most, n: most, best_of: most, thinking: { budget_tokens: most } }],
]

/** What the gateway reports of its next answers. */
let usage: object = { prompt_tokens: 1, completion_tokens: 1 }

interface Opened {
  readonly house: House
  readonly asked: () => number
}

async function open(door: (typeof doorNames)[number], limit: number, onUnavailable: 'refuse' | 'allow', store: Store): Promise<Opened> {
  let asked = 0
  const gateway = createServer((request, response) => {
    request.resume().on('end', () => {
      asked += 1
      const message = { role: 'assistant', content: 'Hello' }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ id: 'a', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage }))
    })
  })
  const origin = await listenAnywhere(gateway)
  const house = await openHouse({
    door,
    store,
    config: {
      gateways: { main: { dialect: 'openai', baseURL: `${origin}/v1` } },
      limits: { onUnavailable, rules: [{ each: 'user', per: 'day', tokens: limit }] },
    },
  })
  onTestFinished(async () => {
    await house.close()
    gateway.closeAllConnections()
    gateway.close()
  })
  return { house, asked: () => asked }
}

async function codeOf(answer: Response): Promise<string | undefined> {
  return ((await answer.json()) as { readonly error?: { readonly code: string } }).error?.code
}

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  memory: () => Promise.resolve(createMemoryStore()),
  SQLite: async () => openStore({ sqlite: join(await mkdtemp(join(tmpdir(), 'postern-')), 'store.db') }),
}

describe.each(Object.keys(stores))('amounts that cannot be counted, in %s', (name) => {
  describe.each(['refuse', 'allow'] as const)('where a store that is away means %s', (onUnavailable) => {
    test.each(doorNames)('behind the %s door, no member takes a call past a limit that is used up', async (door) => {
      const { house, asked } = await open(door, 20, onUnavailable, await (stores[name] as () => Promise<Store>)())
      const codes: Record<string, string | undefined> = {}
      for (const [title, body] of members) {
        for (const stream of [false, true])
          codes[`${title}, ${stream ? 'a stream' : 'at once'}`] = await codeOf(await house.chat({ body: { ...body, stream } }))
      }
      const known = new Set(['budget_exhausted', 'ceiling_required'])
      expect(Object.entries(codes).filter(([, code]) => !known.has(code ?? ''))).toEqual([])
      expect(asked()).toBe(0)
    })

    test('a ceiling that cannot be counted is lowered to what is left', async () => {
      const { house } = await open('node', 10_000, onUnavailable, await (stores[name] as () => Promise<Store>)())
      const answer = await house.chat({ body: { max_tokens: most } })
      expect(answer.status).toBe(200)
      const { clamped } = JSON.parse(answer.headers.get('postern-governance') ?? '{}') as {
        readonly clamped?: { readonly ceiling: number }
      }
      expect(clamped?.ceiling).toBeGreaterThan(16)
      expect(clamped?.ceiling).toBeLessThan(10_000)
    })

    test('a report that cannot be counted is booked at once, and the next call is refused', async () => {
      const { house, asked } = await open('node', 10_000, onUnavailable, await (stores[name] as () => Promise<Store>)())
      usage = { prompt_tokens: most, completion_tokens: most }
      onTestFinished(() => void (usage = { prompt_tokens: 1, completion_tokens: 1 }))
      await (await house.chat({ body: { max_tokens: 50 } })).text()
      expect(await codeOf(await house.chat({ body: { max_tokens: 50 } }))).toBe('budget_exhausted')
      expect(asked()).toBe(1)
    })
  })
})
