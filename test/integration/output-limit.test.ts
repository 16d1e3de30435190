import type { MintRequest } from '@postern/server'
import { afterEach, describe, expect, test } from 'vitest'
import type { EmulatedGateway } from '@postern/emulator'
import { type House, openHouse } from '../support/house.js'

let house: House
afterEach(() => house.close())

const open = (maxTokens?: number, gateway: EmulatedGateway = 'joytoken'): Promise<House> =>
  openHouse({ gateway, config: { policies: maxTokens === undefined ? {} : { maxTokens } } })

const chat = { model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }
const google = { model: 'gemini-2.0-flash', contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }

async function ask(
  body: object,
  path = 'chat/completions',
  bounds?: Partial<MintRequest>,
): Promise<readonly [status: number, sent: number, param: unknown]> {
  const token = bounds === undefined ? house.callers.acme : (await house.minter.mint({ team: 'acme', ...bounds })).token
  const before = house.emulator.seen.length
  const answer = await fetch(`${house.baseURL}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const { error } = (await answer.json()) as { error?: { param: unknown } }
  return [answer.status, house.emulator.seen.length - before, error?.param]
}

describe('a ceiling of tokens', () => {
  test.each<[what: string, further: object, taken: boolean | string]>([
    ['as many as are allowed', { max_tokens: 100 }, true],
    ['as many as are allowed, in a word that this gateway does not document', { max_completion_tokens: 100 }, false],
    ['one more', { max_tokens: 101 }, false],
    ['few in one word and many in the other', { max_tokens: 1, max_completion_tokens: 5000 }, 'max_completion_tokens'],
    ['few, and several times over', { max_tokens: 50, n: 3 }, false],
    ['few, and twice over', { max_tokens: 50, n: 2 }, true],
    ['few, of the best of many', { max_tokens: 50, best_of: 20 }, false],
    ['a text', { max_tokens: '50' }, false],
    ['a fraction', { max_tokens: 0.5 }, false],
    ['nothing', { max_tokens: 0 }, false],
    ['less than nothing', { max_tokens: -1 }, false],
    ['more than a number holds', { max_tokens: 1e300 }, false],
    ['null', { max_tokens: null }, false],
    ['no number at all', {}, false],
    ['in another case of the word', { Max_Tokens: 50 }, false],
  ])('%s', async (_, further, taken) => {
    house = await open(100)
    const param = taken === false ? 'max_tokens' : taken
    expect(await ask({ ...chat, ...further })).toEqual(taken === true ? [200, 1, undefined] : [400, 0, param])
  })

  test('holds for responses, for Anthropic’s messages and for Google’s, each in its own words', async () => {
    house = await open(100)
    expect(await ask({ model: 'auto', input: 'Hello', max_output_tokens: 100 }, 'responses')).toEqual([200, 1, undefined])
    expect(await ask({ model: 'auto', input: 'Hello', max_tokens: 100 }, 'responses')).toEqual([400, 0, 'max_output_tokens'])
    await house.close()
    house = await open(100, 'mintoken')
    expect(await ask({ ...chat, model: 'claude', max_tokens: 100 }, 'messages')).toEqual([200, 1, undefined])
    expect(await ask({ ...chat, model: 'claude', max_tokens: 101 }, 'messages')).toEqual([400, 0, 'max_tokens'])
    for (const [config, status] of [
      [{ generationConfig: { maxOutputTokens: 100 } }, 200],
      [{ generationConfig: { maxOutputTokens: 100 }, generation_config: { max_output_tokens: 5000 } }, 400],
      [{ generationConfig: { maxOutputTokens: 60, candidateCount: 2 } }, 400],
      [{ generationConfig: {} }, 400],
      [{}, 400],
    ] as const) {
      expect((await ask({ ...google, ...config }, 'generateContent'))[0]).toBe(status)
    }
  })

  test('does not matter where answers have no length', async () => {
    house = await open(100, 'opentoken')
    expect(await ask({ model: 'google/text-embedding-004', input: 'a door' }, 'embeddings')).toEqual([200, 1, undefined])
  })

  test('of a session narrows that of policy, and does not widen it', async () => {
    house = await open(100)
    expect(await ask({ ...chat, max_tokens: 60 }, undefined, { maxTokens: 50 })).toEqual([400, 0, 'max_tokens'])
    expect(await ask({ ...chat, max_tokens: 50 }, undefined, { maxTokens: 50 })).toEqual([200, 1, undefined])
    expect(await ask({ ...chat, max_tokens: 200 }, undefined, { maxTokens: 500 })).toEqual([400, 0, 'max_tokens'])
    await house.close()
    house = await open()
    expect(await ask({ ...chat, max_tokens: 200 }, undefined, { maxTokens: 100 })).toEqual([400, 0, 'max_tokens'])
    expect(await ask(chat)).toEqual([200, 1, undefined])
  })
})
