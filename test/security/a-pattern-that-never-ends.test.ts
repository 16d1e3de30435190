import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileNamePattern } from '@postern/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CountedText } from '../support/counted-text.js'
import { forEachDoor } from '../support/for-each-door.js'

/** Patterns and texts, by a size, that make one matcher or another go back again and again. */
const cases: readonly (readonly [what: string, pattern: (size: number) => string, text: (size: number) => string])[] = [
  ['five stars', () => '*a*a*a*a*b', (size) => 'a'.repeat(size)],
  ['as many stars as characters', (size) => `${'*a'.repeat(size / 2)}*b`, (size) => 'a'.repeat(size)],
  ['stars alone', (size) => '*'.repeat(size), (size) => 'a'.repeat(size)],
  ['a long part that nearly fits everywhere', (size) => `*${'a'.repeat(size / 2)}b*`, (size) => 'a'.repeat(size)],
  ['a long part that fails at its beginning', (size) => `*b${'a'.repeat(size / 2)}*`, (size) => 'a'.repeat(size)],
  ['a part that begins like itself', (size) => `*${'ab'.repeat(size / 4)}c*`, (size) => 'ab'.repeat(size / 2)],
  ['parts that overlap', (size) => `*${'aab*'.repeat(size / 8)}c`, (size) => 'aab'.repeat(size / 3)],
  ['a pattern for a text', (size) => `${'*?'.repeat(size / 4)}*b`, (size) => '*?'.repeat(size / 2)],
]

describe('a pattern', () => {
  test.each(cases)('of %s is held against a text in a number of looks that grows as the text does', (_, pattern, text) => {
    const looksAt = (size: number): number => {
      const counted = new CountedText(text(size))
      compileNamePattern(pattern(size))(counted)
      return counted.looks
    }
    for (const size of [240, 2400, 24_000]) expect(looksAt(size)).toBeLessThanOrEqual(6 * size)
  })

  test('means what the same pattern means to an expression that goes back', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 9 })
    fc.assert(
      fc.property(word, word, (pattern, text) => {
        const slow = new RegExp(`^${pattern.split('*').join('.*')}$`)
        expect(compileNamePattern(pattern)(text)).toBe(slow.test(text))
      }),
      { numRuns: 5000 },
    )
  })
})

const stars = `${'*a'.repeat(12)}*b`

/** What a page of its own gets of a backend that grants a pattern, asked for in a process that is stopped if it never ends. */
const page = `
  const { createSessionMinter, sessionRoute } = await import('@postern/server')
  const [granted, asked] = process.argv.slice(1)
  const route = sessionRoute({
    minter: createSessionMinter({ secret: 'x'.repeat(32) }),
    whoIs: () => ({ user: 'ada', models: [granted], endpoints: [granted] }),
  })
  for (const member of ['models', 'endpoints']) {
    const body = JSON.stringify({ [member]: [asked] })
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', origin: 'https://app.example.com', host: 'app.example.com' }
    const answer = await route(new Request('https://app.example.com/session', { method: 'POST', headers, body }))
    process.stdout.write(String(answer.status) + ' ')
  }`

test.each([
  ['a name', 'a'.repeat(120), '400 400 '],
  ['a pattern', `${'a*'.repeat(50)}a`, '400 400 '],
  ['a name that meets it', `${'a'.repeat(120)}b`, '201 201 '],
])('a session is narrowed to %s by a backend that grants a pattern of many stars', async (_, asked, statuses) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', page, stars, asked], {
    cwd: join(import.meta.dirname, '../..'),
    timeout: 15_000,
    killSignal: 'SIGKILL',
  })
  expect(stdout).toBe(statuses)
})

forEachDoor({ config: { policies: { models: [stars, 'auto'] } } }, (house) => {
  test('a model’s name that is made for a policy’s pattern is refused, and a million characters are no matter', async () => {
    const answers = await Promise.all([house().chat({ body: { model: 'a'.repeat(1_000_000) } }), house().chat()])
    expect(answers.map(({ status }) => status)).toEqual([403, 200])
  })
})
