import fc from 'fast-check'
import { chatFormat, type Dialect, generateContentFormat, type OutputLimit } from '@postern/gateways'
import { describe, expect, test } from 'vitest'
import { editBody } from '../../packages/core/src/police/edit-body.js'
import { findCeilings } from '../../packages/core/src/police/find-ceilings.js'
import type { JsonBody } from '../../packages/core/src/read/json-body.js'
import { readJson } from '../../packages/core/src/read/strict-json.js'
import { writeCeiling } from '../../packages/core/src/reserve/write-ceiling.js'

type Value = Record<string, unknown>

/** Blanks behind the body, with which it is read in turns. */
const large = ' '.repeat(256 * 1024)

interface Edits {
  readonly pinnedUser?: string
  readonly refuseStore?: boolean
  readonly askForUsage?: boolean
}

/** A body as it is sent under a ceiling, read at once and in turns. */
async function sentUnder(ceiling: number, json: string, format = chatFormat, model?: string, edits: Edits = {}): Promise<string> {
  const texts: string[] = []
  for (const blanks of ['', large]) {
    const received = Buffer.from(json + blanks)
    const read: JsonBody = await readJson(received)
    const facts = { pinnedUser: undefined, refuseStore: false, askForUsage: false, ...edits }
    const edited = editBody(received, { read, dialect: { project: { bodyMember: 'project_id' } } as Dialect, format, ...facts })
    const sent = writeCeiling(edited.bytes, findCeilings(read, edited, format.outputLimit as OutputLimit, model), ceiling).toString()
    texts.push(sent.slice(0, sent.length - blanks.length))
  }
  expect(texts[1]).toBe(texts[0])
  return texts[0] as string
}

describe('a ceiling of tokens is written', () => {
  test.each([
    ['{}', '{"max_tokens":100}'],
    [' { } ', ' {"max_tokens":100 } '],
    ['{"model":"m"}', '{"max_tokens":100,"model":"m"}'],
    ['{ "model" : "m" }', '{"max_tokens":100, "model" : "m" }'],
    ['{"max_tokens":null}', '{"max_tokens":100}'],
    ['{"max_tokens": 99 }', '{"max_tokens": 99 }'],
    ['{"max_tokens": 101 ,"n":1}', '{"max_tokens":100,"n":1}'],
    ['{"max_tokens":1e3,"max_completion_tokens":50}', '{"max_tokens":100,"max_completion_tokens":50}'],
    ['{"max_output_tokens":500}', '{"max_tokens":100,"max_output_tokens":100}'],
    ['{"max_tokens":"500"}', '{"max_tokens":"500"}'],
    ['{"max_tokens":[500]}', '{"max_tokens":[500]}'],
    ['{"m\\u0061x_tokens":500}', '{"m\\u0061x_tokens":100}'],
    ['{"ü":"名😀","max_tokens":500,"é":1}', '{"ü":"名😀","max_tokens":100,"é":1}'],
    ['{"a":{"max_tokens":500}}', '{"max_tokens":100,"a":{"max_tokens":500}}'],
    ['{"a":"\\"max_tokens\\":500,{"}', '{"max_tokens":100,"a":"\\"max_tokens\\":500,{"}'],
  ])('into a chat: %s', async (json, expected) => {
    expect(await sentUnder(100, json)).toBe(expected)
  })

  test('under the name that models take which think', async () => {
    expect(await sentUnder(100, '{"model":"o3"}', chatFormat, 'o3')).toBe('{"max_completion_tokens":100,"model":"o3"}')
    expect(await sentUnder(100, '{"max_tokens":500}', chatFormat, 'o3')).toBe('{"max_tokens":100}')
  })

  test.each([
    ['{}', '{"generationConfig":{"maxOutputTokens":100}}'],
    ['{"contents":[]}', '{"generationConfig":{"maxOutputTokens":100},"contents":[]}'],
    ['{"generationConfig": { } }', '{"generationConfig": {"maxOutputTokens":100 } }'],
    ['{"generationConfig":null,"a":1}', '{"generationConfig":{"maxOutputTokens":100},"a":1}'],
    ['{"generationConfig":{"topK":1}}', '{"generationConfig":{"maxOutputTokens":100,"topK":1}}'],
    ['{"generationConfig":{"topK":1,"maxOutputTokens": 500 }}', '{"generationConfig":{"topK":1,"maxOutputTokens":100}}'],
    ['{"generation_config":{"a":{"b":"é"},"max_output_tokens":500}}', '{"generation_config":{"a":{"b":"é"},"max_output_tokens":100}}'],
    [
      '{"generation_config":{"maxOutputTokens":500},"generationConfig":{"maxOutputTokens":7}}',
      '{"generation_config":{"maxOutputTokens":100},"generationConfig":{"maxOutputTokens":7}}',
    ],
  ])('into settings of Google’s API: %s', async (json, expected) => {
    expect(await sentUnder(100, json, generateContentFormat)).toBe(expected)
  })

  test('beside whatever else is edited', async () => {
    const every: Edits = { pinnedUser: 'me', refuseStore: true, askForUsage: true }
    expect(await sentUnder(100, '{"project_id":"x"}')).toBe('{"max_tokens":100}')
    expect(await sentUnder(100, '{"project_id":"x"}', chatFormat, undefined, every)).toBe(
      '{"max_tokens":100,"store":false,"stream_options":{"include_usage":true},"user":"me"}',
    )
    expect(
      await sentUnder(
        100,
        '{"project_id":"é","max_tokens":500,"user":"ü","stream_options":{"include_usage":false,"é":1},"max_output_tokens":7000,"store":true}',
        chatFormat,
        undefined,
        every,
      ),
    ).toBe('{"max_tokens":100,"user":"me","stream_options":{"include_usage":true,"é":1},"max_output_tokens":100,"store":false}')
  })

  test('wherever it stands: no number above it is left, and nothing else is changed', async () => {
    const names = fc.constantFrom(
      'max_tokens',
      'max_completion_tokens',
      'max_output_tokens',
      'num_predict',
      'project_id',
      'user',
      'é',
      'x',
      'model',
    )
    const values = fc.oneof(
      fc.integer({ min: 1, max: 200 }),
      fc.constant(null),
      fc.constant('名"\\'),
      fc.constant({ é: [1, {}], max_tokens: 500 }),
    )
    const bodies = fc.dictionary(names, values, { maxKeys: 6 })
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), fc.constantFrom(undefined, 1, 2), async (body, pins, space) => {
        const json = JSON.stringify(body, undefined, space)
        const sent = JSON.parse(await sentUnder(100, json, chatFormat, undefined, pins ? { pinnedUser: 'me' } : {})) as Value
        const expected: Value = { ...body }
        delete expected['project_id']
        if (pins) expected['user'] = 'me'
        for (const name of ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'num_predict'])
          if (typeof body[name] === 'number' && body[name] > 100) expected[name] = 100
        const isStated = [body['max_tokens'], body['max_completion_tokens']].some((value) => value !== undefined && value !== null)
        if (!isStated) expected['max_tokens'] = 100
        expect(sent).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})
