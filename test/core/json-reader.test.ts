import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteOffsets } from '../../packages/core/src/lib/byte-offsets.js'
import { type MemberSpan, spansOf, spansWithin } from '../../packages/core/src/lib/json-members.js'
import { JsonReader } from '../../packages/core/src/lib/json-reader.js'
import { spliceBytes } from '../../packages/core/src/lib/splice.js'
import { spliceMembers } from '../../packages/core/src/lib/splice-members.js'

/** Reads a text in slices of a few characters; an error where it is not well-formed. */
function readInSlices(text: string, maxChars: number, maxMembers = Infinity): unknown {
  const reader = new JsonReader(text)
  while (!reader.read(maxChars, maxMembers));
  return reader.value
}

function outcomeOf(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return 'not well-formed'
  }
}

/** What JSON.parse gives of the same text, to the last bit: `Object.is` of each number, own `__proto__` members and all. */
function expectSameAsParse(text: string, maxChars: number): void {
  const [read, parsed] = [outcomeOf(() => readInSlices(text, maxChars)), outcomeOf(() => JSON.parse(text) as unknown)]
  // Not toStrictEqual, which asks a member called "constructor" what it made.
  expect([isDeepStrictEqual(read, parsed), JSON.stringify(read)]).toEqual([true, JSON.stringify(parsed)])
}

const blanks = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '1', '4294967295'),
)
const trees = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, tie('scalar'), tie('list'), tie('object')),
  scalar: fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc.string({ unit: 'grapheme' }).map(
      (text) =>
        `"${text
          .split('')
          .map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .join('')}"`,
    ),
    fc.double().map((number) => JSON.stringify(number)),
    fc.stringMatching(/^-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][+-]?\d{1,4})?$/),
    fc.constantFrom('true', 'false', 'null', '-0', '0', '1e400', '-1E-400', '"\\ud800"', '"\\udc00\\ud83d"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"'),
  ),
  list: fc
    .tuple(blanks, fc.array(fc.tuple(blanks, tie('value'), blanks), { maxLength: 5 }))
    .map(([blank, items]) => `[${items.length === 0 ? blank : items.map((item) => item.join('')).join(',')}]`),
  object: fc
    .tuple(blanks, fc.array(fc.tuple(blanks, names, blanks, tie('value'), blanks), { maxLength: 5 }))
    .map(
      ([blank, members]) =>
        `{${members.length === 0 ? blank : members.map(([before, name, between, value, after]) => `${before}${JSON.stringify(name)}${between}:${String(value)}${after}`).join(',')}}`,
    ),
}))
const texts = fc.tuple(blanks, trees['value'] as fc.Arbitrary<string>, blanks).map((parts) => parts.join(''))
const slices = fc.integer({ min: 1, max: 40 })

describe('the reader of JSON in slices', () => {
  test('gives what JSON.parse gives of every well-formed text, wherever it is cut', () => {
    fc.assert(
      fc.property(texts, slices, (text, maxChars) => {
        expect(() => JSON.parse(text) as unknown).not.toThrow()
        expectSameAsParse(text, maxChars)
      }),
      { numRuns: 1000 },
    )
  })

  test('refuses what JSON.parse refuses: texts with a character taken out, put in or changed', () => {
    const edits = fc.tuple(
      fc.nat(),
      fc.constantFrom(
        '',
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '0',
        '-',
        '.',
        'e',
        'u',
        '\n',
        '\0',
        '\u2028',
        ' ',
        '\ufeff',
        '\xa0',
        "'",
        '/',
      ),
    )
    fc.assert(
      fc.property(texts, fc.array(edits, { minLength: 1, maxLength: 3 }), slices, fc.boolean(), (text, changes, maxChars, replaces) => {
        const broken = changes.reduce((before, [at, put]) => {
          const place = at % (before.length + 1)
          return before.slice(0, place) + put + before.slice(place + (replaces ? 1 : 0))
        }, text)
        expectSameAsParse(broken, maxChars)
      }),
      { numRuns: 2000 },
    )
  })

  test('refuses or reads any text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ {}[\],:"\\u0-9a-fEtrunls.+-]{0,24}$/), slices, (text, maxChars) =>
        expectSameAsParse(text, maxChars),
      ),
      { numRuns: 4000 },
    )
  })

  test.each(
    [
      ['', '" "', '1 2', '01', '-', '1.', '.5', '+1', '1e', '1e+', 'tru', 'truex', 'nul', 'NaN', 'Infinity', '-Infinity', '0x1'],
      [
        '[',
        ']',
        '{',
        '}',
        '[1',
        '[1,',
        '[,1]',
        '[1,]',
        '[1 2]',
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        '{,}',
        '{a:1}',
        '{"a":1 "b":2}',
        '[}',
        '{]',
      ],
      ['"', '"\\', '"\\"', '"\\x41"', '"\\u12"', '"\\u12"34"', '"\\u{41}"', '"\n"', '"\t"', "'a'", '"a"b', '"\\u00"', '"\\ud83d\\ude00"'],
      [
        '\ufeff{}',
        '{}\0',
        '{}{}',
        '[]]',
        '{"a":1}}',
        '/**/{}',
        '{"__proto__":{"a":1}}',
        '{"__proto__":1,"__proto__":2}',
        '{"a":1,"b":2,"a":3}',
      ],
    ].flat(),
  )('treats %j as JSON.parse does', (text) => {
    for (const maxChars of [1, 2, 3, 7, 1000]) expectSameAsParse(text, maxChars)
  })

  test('reads strings longer than a piece whole, with escapes across its borders', () => {
    for (const filler of ['a', 'ab', '\\n', '\\u00e9', '\\\\', '\ud83e\udd94', '\\ud83e\\udd94', '\\"']) {
      const text = `{"a":"${filler.repeat(Math.ceil(200_000 / filler.length))}"}`
      expect(readInSlices(text, 1_000_000)).toEqual(JSON.parse(text))
      expect(readInSlices(text, 4093)).toEqual(JSON.parse(text))
    }
  })

  test('reads at most so many characters and so many values in one step', () => {
    const text = JSON.stringify({
      list: Array.from({ length: 3000 }, (_, index) => ({ [`member ${index}`]: index })),
      long: 'x'.repeat(50_000),
    })
    const steps = (maxChars: number, maxMembers: number): number => {
      const reader = new JsonReader(text)
      let count = 1
      while (!reader.read(maxChars, maxMembers)) count += 1
      return count
    }
    expect(steps(1000, Infinity)).toBeGreaterThanOrEqual(Math.floor(text.length / 1010))
    expect(steps(Infinity, 100)).toBeGreaterThanOrEqual(60)
  })

  test('knows where the members stand of the outermost object and of those in it, as the walk along the text does', () => {
    /** The same as the reader says them. */
    const withInner = (text: string, span: MemberSpan): MemberSpan => ({
      ...span,
      within: spansWithin(text, span)?.map((inner) => withInner(text, inner)),
    })

    const objects = fc
      .array(fc.tuple(blanks, names, blanks, trees['value'] as fc.Arbitrary<string>, blanks), { maxLength: 6 })
      .map(
        (members) =>
          `{${members.map(([before, name, between, value, after]) => `${before}${JSON.stringify(name)}${between}:${value}${after}`).join(',')}}`,
      )
    fc.assert(
      fc.property(objects, slices, (text, maxChars) => {
        const reader = new JsonReader(text)
        while (!reader.read(maxChars, Infinity));
        expect(reader.spans).toEqual(spansOf(text).map((span) => withInner(text, span)))
      }),
    )
  })
})

describe('edits of a JSON text', () => {
  test('take out, set and add members, and leave everything else as it is written', () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 4 }), blanks, trees['value'] as fc.Arbitrary<string>, blanks), {
      maxLength: 6,
      selector: ([name]) => name,
    })
    const edited = fc.uniqueArray(fc.tuple(fc.nat(), fc.option(fc.constantFrom('1', '"x"', '{"y":[]}'), { nil: undefined })), {
      maxLength: 4,
      selector: ([at]) => at % 8,
    })
    fc.assert(
      fc.property(members, edited, (there, changes) => {
        const text = `{${there.map(([name, before, value, after]) => `${before}${JSON.stringify(name)}:${value}${after}`).join(',')}}`
        const edits = new Map(changes.map(([at, value]) => [there[at % 8]?.[0] ?? `new ${at % 8}`, value]))
        const splices = spliceMembers(text, spansOf(text), edits, text.indexOf('{') + 1)
        const bytes = Buffer.from(text)
        const offsets = new ByteOffsets(text, bytes.length)
        const inBytes = splices.map(({ from, to, put }) => ({ from: offsets.at(from), to: offsets.at(to), put }))
        const result = spliceBytes(bytes, inBytes).toString('utf8')
        const expected = new Map(there.map(([name, , value]) => [name, value]))
        for (const [name, value] of edits) {
          if (value === undefined) expected.delete(name)
          else expected.set(name, value)
        }
        const found = new Map(spansOf(result).map(({ name, start, end }) => [name, result.slice(start, end)]))
        expect([...found.keys()].toSorted()).toEqual([...expected.keys()].toSorted())
        for (const [name, written] of found) expect(written.trim()).toBe(`${JSON.stringify(name)}:${expected.get(name)}`)
        JSON.parse(result)
        if (edits.size === 0) expect(result).toBe(text)
      }),
    )
  })
})
