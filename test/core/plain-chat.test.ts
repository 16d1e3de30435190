import { type Dialect, dialects, endpointsOf } from '@postern/gateways'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Measuring } from '../../packages/core/src/police/measure.js'
import { isPlainChat } from '../../packages/core/src/police/plain-chat.js'
import { MemberWalk } from '../../packages/core/src/police/visit-members.js'
import type { WrittenBody } from '../../packages/core/src/police/read-again.js'
import type { Route } from '../../packages/core/src/resolve/route.js'

/** Texts that say something to a rule, in one place or another. */
const telling = [
  'file-abc123',
  'fileid://abc',
  'https://generativelanguage.googleapis.com/v1/files/1',
  'gs://bucket/a',
  'arn:aws:s3:::a',
  'data:image/png;base64,AAAA',
  'https://pictures.example/a.png',
  '{"file_id":"file-1"}',
  'resp_1',
  'thread_1',
  'auto',
  'openrouter/auto',
  'a,b',
  'gpt-4o:online',
  'cache',
  ' Cache ',
  'tool',
  'function',
  'web_search',
  'model',
  'true',
  'null',
  '',
  '123',
  'image',
  'input_image',
  'base64',
  'stream',
  'ephemeral',
  '@preset/a',
  'a b',
]
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(...telling),
  fc.tuple(fc.constantFrom(...telling), fc.string()).map((parts) => parts.join(' ')),
)
const numeric = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, 1, -1, 2 ** 53, 1e300))
const message = fc.record({
  role: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('system', 'developer', 'user', 'assistant') }, { weight: 1, arbitrary: text }),
  content: text,
})
const chat = fc.record(
  {
    model: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('small', 'openai/gpt-4o') }, { weight: 1, arbitrary: text }),
    messages: fc.array(message, { maxLength: 6 }),
    stream: fc.boolean(),
    temperature: numeric,
    top_p: numeric,
    presence_penalty: numeric,
    frequency_penalty: numeric,
    seed: numeric,
    max_tokens: numeric,
    max_completion_tokens: numeric,
  },
  { requiredKeys: ['messages'] },
)

/** Every endpoint of every dialect for which a body may be taken for a plain chat. */
const routes = Object.values<Dialect>(dialects).flatMap((dialect) =>
  Object.entries(dialect.endpoints).flatMap(([endpointPath, entry]) =>
    endpointsOf(entry).map((endpoint) => ({ endpoint, endpointPath, gateway: { dialect }, key: {} }) as unknown as Route),
  ),
)

function needOf(route: Route, body: Readonly<Record<string, unknown>>, isWalked: boolean) {
  const written: WrittenBody = {
    bytes: { length: Buffer.byteLength(JSON.stringify(body)) },
    bytesOf: (name) => JSON.stringify(body[name]).length,
  }
  const measuring = new Measuring(route, '')
  if (isWalked) new MemberWalk(body, measuring.visits()).step(Infinity)
  return measuring.need(body, written, typeof body['model'] === 'string' ? body['model'] : undefined)
}

describe('a plain chat', () => {
  const takesPlain = routes.filter((route) => new Measuring(route, '').findsNothing({ messages: [] }))

  test('is one at the endpoints for chat completions alone', () => {
    expect(takesPlain.length).toBeGreaterThanOrEqual(Object.keys(dialects).length)
    for (const { endpoint, endpointPath } of takesPlain)
      expect([endpoint.format.id, endpoint.model, endpointPath]).toEqual(['chat', 'body', expect.any(String)])
  })

  test('the walk that measures one finds nothing that is not found without it', () => {
    let plain = 0
    fc.assert(
      fc.property(chat, fc.constantFrom(...takesPlain), (body, route) => {
        if (!isPlainChat(body)) return
        plain += 1
        expect(needOf(route, body, false)).toEqual(needOf(route, body, true))
      }),
      { numRuns: 5000 },
    )
    expect(plain).toBeGreaterThan(1000)
  })

  test.each<[what: string, body: Readonly<Record<string, unknown>>]>([
    ['a member that is not known', { messages: [], extra_body: {} }],
    ['a known one of another type', { messages: [], max_tokens: '5' }],
    ['a part in place of a text', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] }],
    ['a further member of a message', { messages: [{ role: 'user', content: 'a', name: 'b' }] }],
    ['a message that calls tools', { messages: [{ role: 'assistant', tool_calls: [] }] }],
    ['a role that some gateways read otherwise', { messages: [{ role: 'cache', content: 'a' }] }],
    ['a text that names a stored file', { messages: [{ role: 'user', content: 'fileid://abc' }] }],
    ['more messages than are looked at in one turn', { messages: Array.from({ length: 257 }, () => ({ role: 'user', content: 'a' })) }],
    ['messages that are none', { messages: 'a' }],
    ['a member of the prototype', JSON.parse('{"messages":[],"__proto__":{"tools":[]}}') as Record<string, unknown>],
  ])('is none with %s', (_, body) => {
    expect(isPlainChat(body)).toBe(false)
  })
})
