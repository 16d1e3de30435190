import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type House, openHouse } from '../support/house.js'
import { rawExchange } from '../support/raw-exchange.js'

let node: House
let embedded: House
beforeAll(async () => {
  const config = { browser: { origins: ['https://app.example.com'] } }
  node = await openHouse({ door: 'node', config })
  embedded = await openHouse({ door: 'express', config })
})
afterAll(async () => {
  await node.close()
  await embedded.close()
})

interface Question {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** `undefined` sends acme's credential. */
  readonly credential?: null | string
}

const chat = (over: object): string => JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }], ...over })

const questions: Readonly<Record<string, Question>> = {
  'a JSON call': { body: chat({}) },
  'a streamed call': { body: chat({ stream: true }) },
  'a call with tags and a trace': {
    body: chat({}),
    headers: { 'x-workflow-id': 'w', 'x-step-id': 's', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  },
  'a call from a listed origin': { body: chat({}), headers: { origin: 'https://app.example.com' } },
  'a call from another origin': { body: chat({}), headers: { origin: 'https://evil.example' } },
  'a preflight': {
    method: 'OPTIONS',
    headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
    credential: null,
  },
  'a preflight from another origin': {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    credential: null,
  },
  'nobody calling': { body: chat({}), credential: null },
  'a wrong credential': { body: chat({}), credential: 'nonsense' },
  'a gateway key as credential': { body: chat({}), credential: 'jt_0123456789abcdef' },
  'a bad tag': { body: chat({}), headers: { 'x-step-id': 'a b' } },
  'bad JSON': { body: '{' },
  'a body with a key in it': { body: chat({ apiKey: 'x' }) },
  'another path of the API': { path: '/ai/v1/unheard/of', body: '{}' },
  'a path beside the API': { path: '/ai/v2/chat' },
  'the mount itself': { path: '/ai' },
  'the mount with a slash': { path: '/ai/' },
  'the mount in capitals': { path: '/AI/v1/chat/completions', body: chat({}) },
  'a path elsewhere': { path: '/elsewhere?x=1' },
  'a path with an escape': { path: '/ai/v1/chat%2Fcompletions', body: chat({}) },
  'a wrong method': { method: 'GET' },
  'a HEAD': { method: 'HEAD', path: '/ai/v1/models' },
  'an error of the gateway': { body: chat({ model: 'emulate/policy_rejected' }) },
  'an error in a stream': { body: chat({ model: 'emulate/stream-error', stream: true }) },
  'an HTML page of the gateway': { body: chat({ model: 'emulate/html' }) },
}

/** What both doors must answer alike: all of it but ids, dates, times and the port in the host's name. */
async function ask(house: House, { method = 'POST', path = '/ai/v1/chat/completions', headers, body, credential }: Question) {
  const answer = await fetch(`${house.origin}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(credential === null ? {} : { authorization: `Bearer ${credential ?? house.callers.acme}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const varying = /[0-7][0-9A-HJKMNP-TV-Z]{25}|"overhead_ms":[\d.]+|"created":\d+/g
  const settle = (text: string): string => text.replaceAll(varying, '·')
  const settled = [...answer.headers].map(([name, value]) => [name, name === 'date' ? '·' : settle(value)])
  const known = ['content-length', 'keep-alive']
  return { status: answer.status, headers: settled.filter(([name]) => !known.includes(name as string)), body: settle(await answer.text()) }
}

describe('both doors answer alike', () => {
  for (const [name, question] of Object.entries(questions)) {
    test(name, async () => {
      const [bare, express] = [await ask(node, question), await ask(embedded, question)]
      expect(express).toEqual(bare)
    })
  }

  test('to what is not even HTTP', async () => {
    const settle = (text: string): string => text.replaceAll(/[0-7][0-9A-HJKMNP-TV-Z]{25}/g, '·')
    const [bare, express] = [await rawExchange(node.origin, 'NONSENSE\r\n\r\n'), await rawExchange(embedded.origin, 'NONSENSE\r\n\r\n')]
    expect(settle(express)).toBe(settle(bare))
    expect(bare).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  })

  test('with one ledger entry for each call but the preflights', async () => {
    const calls = Object.keys(questions).filter((name) => !name.startsWith('a preflight')).length
    expect([node.ledger.entries.length, embedded.ledger.entries.length]).toEqual([calls, calls])
  })
})
