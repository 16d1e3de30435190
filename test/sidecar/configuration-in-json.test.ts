import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LineCounter, parse, parseDocument } from 'yaml'
import { readJson } from '../../sidecar/src/read-json.js'
import { readYaml } from '../../sidecar/src/read-yaml.js'
import { withRepeatedKeys } from '../../sidecar/src/repeated-keys.js'

let file: string
beforeAll(() => {
  file = join(mkdtempSync(join(tmpdir(), 'postern-json-')), 'postern.json')
})
afterAll(() => rmSync(join(file, '..'), { recursive: true }))

function read(text: string) {
  writeFileSync(file, text)
  return readYaml(file)
}

describe('a configuration in JSON', () => {
  test('is read as the reader of YAML reads it', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('<<', '__proto__', 'a:b', '"', '\\', '*x', '#', '1', ''))
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.oneof(
          fc.string({ unit: 'binary' }),
          name,
          fc.integer(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.boolean(),
          fc.constant(null),
        ),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: true }), fc.constantFrom(0, 2), (object, space) => {
        const text = JSON.stringify(object, null, space)
        const found = readJson(text)
        expect(found).toBeDefined()
        expect(JSON.stringify(found)).toBe(JSON.stringify(parse(text)))
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['at the top', '{ "a": 1,\n  "a": 2 }', 'line 2, column 3', 'a'],
    ['deep within', '{ "x": [{ "k:": "\\"", "b": 1, "k:": 2 }] }', 'line 1, column 31', 'k:'],
    ['in another spelling', '{ "ab": 1, "\\u0061b": 2 }', 'line 1, column 12', '\\u0061b'],
  ])('that has a member twice is refused, with its place, where that is %s', (_, text, path, name) => {
    expect(readJson(text)).toBeUndefined()
    const { raw, problems } = read(text)
    expect(raw).toBeUndefined()
    expect(problems).toEqual([
      expect.objectContaining({ path, reason: `the key "${name}" stands there a second time; keys must be unique.` }),
    ])
  })

  test.each(['{ "a": 1, }', '{ a: 1 }', '# a comment\n{ "a": 1 }', '{ "a": 1 } # a comment', "{ 'a': 1 }"])(
    'that only YAML allows is read as YAML: %s',
    (text) => {
      expect(readJson(text)).toBeUndefined()
      expect(read(text)).toMatchObject({ raw: { a: 1 }, problems: [] })
    },
  )

  test('that nests deeper than can be read is refused in words', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(read(nested(99))).toMatchObject({ problems: [] })
    for (const depth of [100, 20_000])
      expect(read(nested(depth)).problems).toEqual([expect.objectContaining({ reason: expect.stringContaining('within each other') })])
  })
})

describe('a key that stands twice in a group of YAML', () => {
  test.each([
    'a: 1\nb: 2\na: 3\n',
    'a: { x: 1, y: 2, x: 3 }\nb: [{ k: 1, k: 2 }]\n',
    '1: a\n"1": b\n1.0: c\n0x1: d\n',
    'a: 1\n? a\n: 2\n? [a]\n: 3\n? [a]\n: 4\n',
    '&x a: 1\n!!str a: 2\n*x : 3\n',
    'a:\n  b: 1\n  c: [\na: 2\n',
    'a: 1\n<<: { a: 1 }\n<<: { b: 1 }\n',
    '? {a: 1, a: 2}\n: {b: 1, b: 2}\n',
    ': 1\n: 2\n',
    '- a: 1\n  a: 2\n- [a: 1, a: 2]\n',
    'no: repetition\n',
  ])('is told of as the library tells of it: %j', (text) => {
    const own = new LineCounter()
    const theirs = new LineCounter()
    const pick = (errors: readonly { code: string; pos: readonly number[]; linePos?: readonly unknown[] | undefined }[]) =>
      errors.map(({ code, pos, linePos }) => [code, pos[0], linePos?.[0]])
    const found = withRepeatedKeys(parseDocument(text, { lineCounter: own, uniqueKeys: false }), own)
    expect(pick(found)).toEqual(pick(parseDocument(text, { lineCounter: theirs }).errors))
  })
})
