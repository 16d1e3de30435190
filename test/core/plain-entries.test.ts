import { checkConfig } from '@postern/config'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinEntries, readPlainEntries } from '../../packages/config/dist/plain-entries.js'
import { createConfigSchema } from '../../packages/config/dist/schema.js'

const base = { version: 1, gateways: { main: { dialect: 'joytoken' } }, callers: {} }
const schema = createConfigSchema(['joytoken'])

/** Texts as they stand in files: mostly right, else one of the ways in which they are wrong. */
const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('acme', 'main', 'u_7', 'Zoë', 'a b') },
  { weight: 1, arbitrary: fc.constantFrom('', ' ', 'a  b', 'x\u200by', 'a'.repeat(300), '__proto__', 'constructor', 'Zoe\u0308') },
)
const odd = fc.constantFrom<unknown>(null, undefined, 7, true, [], {}, 'text')
const value: fc.Arbitrary<unknown> = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: odd })
const reference = fc.oneof(
  { weight: 5, arbitrary: fc.oneof(fc.record({ env: value }), fc.record({ file: value })) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.oneof(odd, fc.record({ env: value, file: value }), fc.record({ env: value, more: value })) },
)
const key = fc.record(
  { gateway: value, secret: reference, shared: fc.boolean(), project: text, other: odd },
  { requiredKeys: ['gateway', 'secret'] },
)
const plainKey = fc.record({ gateway: value, secret: reference })
const binding = fc.record(
  { user: value, team: value, project: value, key: value, default: fc.constant(true), other: odd },
  { requiredKeys: [] },
)
const entries = fc.record({
  keys: fc.dictionary(text, fc.oneof(plainKey, key, odd), { noNullPrototype: true }),
  bindings: fc.array(fc.oneof(binding, odd)),
})

describe('entries that are read without the schema', () => {
  test('are what the schema makes of them, and what the schema refuses is left to it', () => {
    fc.assert(
      fc.property(entries, ({ keys, bindings }) => {
        const raw = { ...base, keys, bindings }
        const whole = schema.safeParse(raw)
        const plain = readPlainEntries(raw)
        const rest = schema.safeParse(plain.rest)
        expect(rest.success).toBe(whole.success)
        if (!whole.success || !rest.success) return
        const joined = joinEntries(plain, rest.data, raw)
        expect(joined).toEqual(whole.data)
        expect(JSON.stringify(joined)).toBe(JSON.stringify(whole.data))
      }),
      { numRuns: 3000 },
    )
  })

  test('do not change the number of a binding that has a problem', () => {
    const bindings = [
      { user: 'a', key: 'k' },
      { user: 'b', key: 'k' },
      { user: ' ', key: 'k' },
      { user: 'c', key: 'k' },
      { usr: 'd', key: 'k' },
    ]
    const raw = { ...base, keys: { k: { gateway: 'main', secret: { env: 'KEY' } } }, bindings }
    const { problems } = checkConfig(raw, { env: { KEY: 'jt_0123456789' }, directory: '/' })
    expect(problems.map(({ path }) => path)).toEqual(expect.arrayContaining(['bindings[2].user', 'bindings[4].usr']))
  })
})
