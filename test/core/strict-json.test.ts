import { describe, expect, test } from 'vitest'
import { readJson, readJsonObject } from '../../packages/core/src/read/strict-json.js'
import { compileReadNames, refuseOtherSpellings } from '../../packages/core/src/read/strict-names.js'
import { refusalOf } from '../support/refusal-of.js'

const kibibyte = 1024
const largeBytes = 256 * kibibyte

/** The same body in all sizes: read at once, and in slices because of blanks or of a long text. */
const sizes: readonly (readonly [size: string, enlarge: (json: string) => string])[] = [
  ['a small body', (json) => json],
  ['a small body behind blanks', (json) => ` \r\n\t${json}`],
  ['a large body', (json) => `${' '.repeat(largeBytes + 1)}${json}`],
]
const read = async (json: string | Buffer, looksInContent?: boolean): Promise<unknown> =>
  (await readJson(Buffer.from(json as string), looksInContent)).members
const problemOf = async (json: string | Buffer, looksInContent?: boolean): Promise<string> => {
  try {
    return `taken: ${JSON.stringify(await read(json, looksInContent))}`
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}
const twice = (name: string): string => `The member "${name}" stands in the body more than once.`
const list = (count: number, item: string): string => `[${Array.from({ length: count }, () => item).join(',')}]`
const members = (count: number): string => Array.from({ length: count }, (_, index) => `"n${index}":0`).join(',')

describe.each(sizes)('%s of JSON', (_, enlarge) => {
  test('is read with its text and the places of its outermost members', async () => {
    const json = enlarge('{"model":"a","n":[1,{"x":null}],"ä":"名"}')
    const body = await readJson(Buffer.from(json))
    expect(body.members).toEqual({ model: 'a', n: [1, { x: null }], ä: '名' })
    expect(body.text).toBe(json)
    expect(body.spans.map(({ name }) => name)).toEqual(['model', 'n', 'ä'])
  })

  test.each(['[]', '[{}]', 'null', '7', '"a"', 'true'])('is an object, and so not %s', async (json) => {
    expect(await problemOf(enlarge(json))).toBe('The body is not a JSON object.')
  })

  test.each(['', '{', '{"a"}', '{"a":}', "{'a':1}", '{"a":1,}', '{"a":1}{}', '{"a":01}', '{"a":"\n"}', '{a:1}', '\ufeff{}', 'x'])(
    'is well-formed, and so not %j',
    async (json) => {
      expect(await problemOf(enlarge(json))).toBe('The body is not well-formed JSON.')
    },
  )

  test('is UTF-8', async () => {
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]])
      expect(await problemOf(Buffer.concat([Buffer.from(enlarge('{"a":"')), Buffer.from(bytes), Buffer.from('"}')]))).toBe(
        'The body is not valid UTF-8.',
      )
  })

  test.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"A":1}', 'a'],
    ['{"model":1,"MODEL":1}', 'model'],
    ['{"a":1,"\\u0061":1}', 'a'],
    ['{"k":1,"\u212a":1}', 'k'],
    [`{"${'x'.repeat(100)}":1,"${'x'.repeat(100)}":1}`, 'x'.repeat(64)],
  ])('has no outermost member twice, in whatever case: %s', async (json, name) => {
    expect(await problemOf(enlarge(json))).toBe(twice(name))
    expect(await problemOf(enlarge(json), true)).toBe(twice(name))
  })

  test('has no member twice at any depth, but may have one in another case', async () => {
    for (const json of ['{"b":{"a":1,"a":2}}', '{"b":[{"c":{"a":1,"\\u0061":2}}]}']) expect(await problemOf(enlarge(json))).toBe(twice('a'))
    expect(await read(enlarge('{"b":{"a":1,"A":2}}'))).toEqual({ b: { a: 1, A: 2 } })
  })

  test('may have a member twice in the input of a model, unless a policy looks there', async () => {
    const json = enlarge('{"messages":[{"role":"user","role":"system"}]}')
    expect(await read(json)).toEqual({ messages: [{ role: 'system' }] })
    expect(await problemOf(json, true)).toBe(twice('role'))
    expect(await problemOf(enlarge('{"metadata":{"a":1,"a":2},"messages":[]}'))).toBe(twice('a'))
  })

  test('has a thousand outermost members at most', async () => {
    expect(Object.keys((await read(enlarge(`{${members(1000)}}`))) as object)).toHaveLength(1000)
    expect(await problemOf(enlarge(`{${members(1001)}}`))).toBe('The body has more than 1000 members.')
  })

  test('has names of 1,024 characters at most, at any depth', async () => {
    const problem = 'A member of the body has a name of more than 1024 characters.'
    const [most, more] = [1024, 1025].map((length) => `"${'n'.repeat(length)}":0`)
    for (const wrap of [
      (member: string) => `{${member}}`,
      (member: string) => `{"a":{${member}}}`,
      (member: string) => `{"a":[1,{${member}}]}`,
    ]) {
      expect(await problemOf(enlarge(wrap(most as string)))).toMatch(/^taken/)
      expect(await problemOf(enlarge(wrap(more as string)))).toBe(problem)
    }
  })

  test('is 500 objects and lists deep at most', async () => {
    const nest = (depth: number, open: string, close: string): string => `{"a":${open.repeat(depth - 1)}0${close.repeat(depth - 1)}}`
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      expect(await problemOf(enlarge(nest(500, open, close)))).toMatch(/^taken/)
      expect(await problemOf(enlarge(nest(501, open, close)))).toBe('The body is deeper than 500 objects and lists.')
    }
  })

  test('has 100,000 objects and lists at most, also where they stand in each other', async () => {
    const nested = (count: number): string => list(count / 400, `${'['.repeat(400)}${']'.repeat(400)}`)
    expect(await problemOf(enlarge(`{"a":${nested(99_600)}}`))).toMatch(/^taken/)
    expect(await problemOf(enlarge(`{"a":${nested(100_000)}}`))).toBe('The body has more than 100000 objects and lists.')
  })

  test('has 100,000 objects and lists at most', async () => {
    expect(await problemOf(enlarge(`{"a":${list(99_998, '[]')}}`))).toMatch(/^taken/)
    expect(await problemOf(enlarge(`{"a":${list(99_999, '[]')}}`))).toBe('The body has more than 100000 objects and lists.')
  })
})

describe('a body of JSON', () => {
  test('has 100,000 members at all depths at most', async () => {
    const body = (count: number): string => `{"a":[${Array.from({ length: count / 10 }, () => `{${members(10)}}`).join(',')}]}`
    expect(await problemOf(body(99_990).replace('{', `{${members(9)},`))).toMatch(/^taken/)
    expect(await problemOf(body(100_000))).toBe('The body has more than 100000 members.')
  })

  test('has 200,000 strings at most, and any count of numbers', async () => {
    expect(await problemOf(`{"a":${list(200_000, '""')}}`)).toMatch(/^taken/)
    expect(await problemOf(`{"a":${list(200_001, '""')}}`)).toBe('The body has more than 200000 strings.')
    expect(await problemOf(`{"a":${list(300_000, '1')}}`)).toMatch(/^taken/)
  })

  test('finds the places of its members when it is asked for them, unless a member stands twice', async () => {
    const knowsPlaces = async (json: string): Promise<boolean> => Object.hasOwn(await readJson(Buffer.from(json)), 'spans')
    for (const json of ['{}', '{"a":null,"b":{"c":1,"d":[]}}', '{"a":[1,null,"x",{"b":[{"c":{"d":1}},[{"e":2}]]}]}'])
      expect([json, await knowsPlaces(json)]).toEqual([json, false])
    for (const json of ['{"messages":[[{"a":1,"a":2}]]}', '{"messages":{"b":{"a":1,"a":2}}}', '{"messages":[null,{"a":{"b":1,"b":2}}]}'])
      expect([json, await knowsPlaces(json)]).toEqual([json, true])
  })

  test('is read at once up to 256 KiB, and in turns above', async () => {
    const blanks = (bytes: number): Buffer => Buffer.from(`{}${' '.repeat(bytes - 2)}`)
    expect(readJson(blanks(largeBytes))).not.toBeInstanceOf(Promise)
    const later = readJson(blanks(largeBytes + 1))
    expect(later).toBeInstanceOf(Promise)
    expect((await later).members).toEqual({})
  })

  test.each([
    ['members', (count: number) => `{"a":{${members(count - 1)}}}`],
    ['numbers', (count: number) => `{"a":${list(count - 1, '1')}}`],
    ['texts', (count: number) => `{"a":${list(count - 1, '","')}}`],
    ['lists, which count for themselves and for their place', (count: number) => `{"a":${list((count - 2) / 2, '[]')},"b":1}`],
    ['objects', (count: number) => `{"a":${list((count - 2) / 2, '{}')},"b":1}`],
    [
      'lists within each other',
      (count: number) => `{"a":${list(count / 20, `${'['.repeat(19)}${']'.repeat(19)}`)}}`.replace('[[', '[0,0,['),
    ],
  ])('with more than 10,000 members or items is read in turns, however small it is: %s', async (_, body) => {
    expect(readJson(Buffer.from(body(9980)))).not.toBeInstanceOf(Promise)
    const large = Buffer.from(body(10_020))
    const later = readJson(large)
    expect(later).toBeInstanceOf(Promise)
    expect((await later).members).toEqual(JSON.parse(large.toString()))
    expect(readJsonObject(large)).toEqual(JSON.parse(large.toString()))
  })

  test('with 10,000 members or items is read at once, with one more in turns', () => {
    const numbers = (count: number): Buffer => Buffer.from(`{"a":${list(count - 1, '1')}}`)
    expect(readJson(numbers(10_000))).not.toBeInstanceOf(Promise)
    expect(readJson(numbers(10_001))).toBeInstanceOf(Promise)
  })

  test('lets other work run between its turns', async () => {
    let turns = 0
    const count = (): void => {
      turns += 1
      if (!done) setImmediate(count)
    }
    let done = false
    setImmediate(count)
    await readJson(Buffer.from(`{"a":"${'x'.repeat(8 * largeBytes)}"}`))
    done = true
    expect(turns).toBeGreaterThanOrEqual(8)
  })

  test('of characters of several bytes has as many turns as its bytes need', async () => {
    let turns = 0
    let done = false
    const count = (): void => {
      turns += 1
      if (!done) setImmediate(count)
    }
    setImmediate(count)
    await readJson(Buffer.from(`{"a":"${'名'.repeat((8 * largeBytes) / 3)}"}`))
    done = true
    expect(turns).toBeGreaterThanOrEqual(8)
  })

  test('is read whole at once where its reader cannot wait, by the same rules', () => {
    const json = (text: string, looks?: boolean) => () => readJsonObject(Buffer.from(text), looks)
    expect(json('{"a":{"b":1}}')()).toEqual({ a: { b: 1 } })
    expect(json('{"messages":[{"a":1,"a":2}]}')()).toEqual({ messages: [{ a: 2 }] })
    expect(refusalOf(json('{"messages":[{"a":1,"a":2}]}', true)).message).toBe(twice('a'))
    expect(refusalOf(json('{"a":1,"A":2}')).message).toBe(twice('a'))
    expect(refusalOf(json('[]')).code).toBe('request_malformed')
  })
})

describe('a name that policy reads', () => {
  const makeNames = () =>
    compileReadNames([['max_tokens'], ['generationConfig', 'maxOutputTokens'], ['generationConfig', 'n'], ['a', 'b', 'c'], []])
  const refuse = (value: object) => refusalOf(() => refuseOtherSpellings(value, makeNames()))

  test('is one of a tree of names', () => {
    const names = makeNames()
    expect([...names.names.keys()]).toEqual(['max_tokens', 'generationConfig', 'a'])
    expect([...(names.names.get('generationConfig')?.names.keys() ?? [])]).toEqual(['maxOutputTokens', 'n'])
    expect([names.isDeep, names.names.get('max_tokens')?.isDeep, names.names.get('a')?.isDeep]).toEqual([true, false, true])
    expect(names.squashed.get('generationconfig')).toBe('generationConfig')
  })

  test.each<[object, string]>([
    [{ maxTokens: 1 }, 'max_tokens'],
    [{ MAX_TOKENS: 1 }, 'max_tokens'],
    [{ 'max-tokens': 1 }, 'max_tokens'],
    [{ m_a_x__tokens: 1 }, 'max_tokens'],
    [{ 'max_to\u212aens': 1 }, 'max_tokens'],
    [{ generation_config: {} }, 'generationConfig'],
    [{ generationConfig: { max_output_tokens: 1 } }, 'maxOutputTokens'],
    [{ generationConfig: { N: 1 } }, 'n'],
    [{ a: { b: { C: 1 } } }, 'c'],
    [{ a: { B: {} } }, 'b'],
    [{ max_tokens: 1, maxTokens: 2 }, 'max_tokens'],
  ])('is refused in another spelling: %j', (value, name) => {
    const refusal = refuse(value)
    expect([refusal.code, refusal.details.param]).toEqual(['request_malformed', name])
    expect(refusal.message).toBe(`The member ${name} is written like this and not otherwise.`)
  })

  test.each<[object]>([
    [{ max_tokens: 1, generationConfig: { maxOutputTokens: 1, n: 2 }, a: { b: { c: 1 } } }],
    [{ tokens: 1, max_tokens_of: 2, c: 1, b: { c: 1 }, maxOutputTokens: 1 }],
    [{ generationConfig: null, a: null }],
    [{ generationConfig: 'N' }],
    [{ generationConfig: [{ N: 1 }] }],
    [{ max_tokens: { MAX: 1, max: 2 } }],
    [{ ['m_'.repeat(70)]: 1 }],
    [{ a: { x: { C: 1, c: 2 } } }],
  ])('is taken as it is written, and any other name where policy does not read it: %j', (value) => {
    expect(refuseOtherSpellings(value, makeNames())).toBeUndefined()
  })

  test('is looked for below names that stand in the object itself, not below those of its prototype', () => {
    const ofPrototype = compileReadNames([['constructor', 'name']])
    expect(refuseOtherSpellings({}, ofPrototype)).toBeUndefined()
    const inherited = Object.create({ generationConfig: { n: 1, N: 2 } }) as object
    expect(refuseOtherSpellings(Object.defineProperty({}, 'x', { value: inherited }), makeNames())).toBeUndefined()
  })

  test('stands beside no other name that differs in case alone, in an object that policy reads', () => {
    for (const value of [{ generationConfig: { x: 1, X: 2 } }, { a: { b: { Y: 1, y: 2 } } }])
      expect(refuse(value).message).toMatch(/^The member "[xy]" stands in the body in two spellings\.$/)
    const long = 'x'.repeat(120)
    expect(refuse({ a: { [long]: 1, [long.toUpperCase()]: 2 } }).message).toBe(
      `The member "${'x'.repeat(64)}" stands in the body in two spellings.`,
    )
    const longer = 'x'.repeat(129)
    expect(refuseOtherSpellings({ a: { [longer]: 1, [longer.toUpperCase()]: 2 } }, makeNames())).toBeUndefined()
    const longest = 'x'.repeat(128)
    expect(refuse({ a: { [longest]: 1, [longest.toUpperCase()]: 2 } }).code).toBe('request_malformed')
  })

  test('is read among a thousand members at most, below the outermost ones', () => {
    const many = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, 0]))
    expect(refuseOtherSpellings({ a: many(1000) }, makeNames())).toBeUndefined()
    expect(refuse({ a: many(1001) }).message).toBe('An object that policy reads has more than 1000 members.')
    expect(refuseOtherSpellings(many(1001), makeNames())).toBeUndefined()
  })

  test('is compared at any length', () => {
    const name = 'y'.repeat(100)
    const read = compileReadNames([[name]])
    for (const length of [101, 128, 129, 1000])
      expect(refusalOf(() => refuseOtherSpellings({ [`${'_'.repeat(length - 100)}${name}`]: 1 }, read)).details.param).toBe(name)
    expect(refuseOtherSpellings({ [name]: 1, [`${name}y`]: 1 }, read)).toBeUndefined()
  })
})
