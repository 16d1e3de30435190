import { afterEach, describe, expect, test } from 'vitest'
import { type House, type HouseOptions, openHouse } from '../support/house.js'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

type Gateway = NonNullable<HouseOptions['gateway']>

/** A house in front of a gateway that answers everything. */
async function openWith(gateway: Gateway, options: HouseOptions): Promise<{ house: House; upstream: HostileUpstream }> {
  const upstream = await startHostileUpstream((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(plainCompletion)
  })
  closing.push(() => upstream.close())
  const house = await openHouse({ gateway, ...options, baseURL: upstream.baseURL })
  closing.push(() => house.close())
  return { house, upstream }
}

const ceiling = { policies: { maxTokens: 100 } }
const question = { model: 'openai/gpt-5', messages: [{ role: 'user', content: 'Hello' }] }

async function ask(house: House, body: object, path = 'chat/completions'): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${house.baseURL}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...question, ...body }),
  })
  return { status: answer.status, text: await answer.text() }
}

describe.each<Gateway>(['joytoken', 'freeai', 'onysoft'])('%s documents max_tokens as its only ceiling', (gateway) => {
  test('under maxTokens another name states no ceiling, and the refusal names the member that does', async () => {
    const { house, upstream } = await openWith(gateway, { config: ceiling })
    for (const body of [{ max_completion_tokens: 16 }, { max_output_tokens: 16 }, { max_completion_tokens: 16, max_tokens: null }]) {
      const { status, text } = await ask(house, body)
      expect([body, status]).toEqual([body, 400])
      expect(text).toContain('"param":"max_tokens"')
      expect(text).toContain('must say how many in max_tokens')
    }
    expect((await ask(house, { max_tokens: 16, max_completion_tokens: 5000 })).status).toBe(400)
    expect(upstream.bodies).toEqual([])
    expect((await ask(house, { max_tokens: 16, max_completion_tokens: 16 })).status).toBe(200)
    expect(upstream.bodies).toHaveLength(1)
  })

  test('under a limit of tokens a request without max_tokens gets one, whatever its model', async () => {
    const { house, upstream } = await openWith(gateway, { config: { limits: { rules: [{ each: 'team', per: 'day', tokens: 9000 }] } } })
    for (const body of [{}, { max_completion_tokens: 16 }, { model: 'small', max_completion_tokens: 16 }]) {
      expect((await ask(house, body)).status).toBe(200)
      const sent = JSON.parse(upstream.bodies.at(-1) as string) as Record<string, number>
      expect(sent['max_tokens']).toBeGreaterThanOrEqual(16)
      expect(sent['max_tokens']).toBeLessThan(9000)
      expect(sent['max_completion_tokens']).toBe('max_completion_tokens' in body ? 16 : undefined)
    }
  })
})

test('an endpoint that an operator opens with the format of chat completions has the ceilings of its dialect', async () => {
  const endpoints = { 'chat/again': { methods: ['POST' as const], format: 'chat' as const, model: 'body' as const } }
  const { house } = await openWith('joytoken', { config: ceiling, settings: { endpoints } })
  expect((await ask(house, { max_completion_tokens: 16 }, 'chat/again')).status).toBe(400)
  expect((await ask(house, { max_tokens: 16 }, 'chat/again')).status).toBe(200)
})

test.each(['openai', 'opentoken', 'mintoken'] as const)('%s documents both names, and each of them states a ceiling', async (dialect) => {
  const { house, upstream } = await openWith(dialect === 'mintoken' ? dialect : 'joytoken', { config: ceiling, settings: { dialect } })
  expect((await ask(house, { max_completion_tokens: 16 })).status).toBe(200)
  expect((await ask(house, { max_tokens: 16 })).status).toBe(200)
  expect(upstream.bodies).toHaveLength(2)
})
