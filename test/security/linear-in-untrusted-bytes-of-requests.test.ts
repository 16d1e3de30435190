import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { MemberWalk as LoadedWalk } from '../../packages/core/dist/police/visit-members.js'
import { CredentialSearch as LoadedSearch } from '../../packages/core/dist/read/key-in-body.js'
import type { ConfigInput } from '@postern/config'
import { type AnswerFormat, chatFormat, type Dialect, dialects, generateContentFormat, type OutputLimit } from '@postern/gateways'
import type { Arrival } from '@postern/ports'
import { editBody } from '../../packages/core/src/police/edit-body.js'
import { findCeilings } from '../../packages/core/src/police/find-ceilings.js'
import { Measuring } from '../../packages/core/src/police/measure.js'
import type { Route } from '../../packages/core/src/resolve/route.js'
import { bytesReadAgain } from '../../packages/core/src/police/read-again.js'
import { LargeJsonBody } from '../../packages/core/src/read/json-body.js'
import { readJson } from '../../packages/core/src/read/strict-json.js'
import { writeCeiling } from '../../packages/core/src/reserve/write-ceiling.js'
import { FormFields } from '../../packages/core/src/read/form-fields.js'
import { foldCase } from '../../packages/gateways/src/fold-case.js'
import { squashName } from '../../packages/gateways/src/strip-punctuation.js'
import { beginCheck, type BodyRules } from '../../packages/core/src/police/check-body.js'
import { visitFields, visitQuery } from '../../packages/core/src/police/visit-fields.js'
import { MemberWalk, type Visit } from '../../packages/core/src/police/visit-members.js'
import { CredentialSearch } from '../../packages/core/src/read/key-in-body.js'
import { nextStretch } from '../../packages/core/src/read/key-in-text.js'
import { readBody } from '../../packages/core/src/read/read-body.js'
import { readClearBody } from '../../packages/core/src/read/clear-body.js'
import { CountedText } from '../support/counted-text.js'
import { expectCpuBelow } from '../support/cpu-time.js'
import { forEachDoor } from '../support/for-each-door.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'

/** How many turns of the event loop went by while a body was read; 0 where it was read at once. */
async function turnsWhileReading(text: string): Promise<number> {
  let turns = 0
  let isReading = true
  const count = (): void => {
    turns += 1
    if (isReading) setImmediate(count)
  }
  setImmediate(count)
  try {
    const body = readClearBody(Buffer.from(text), undefined)
    if (!(body instanceof Promise)) return 0
    await body
  } catch {
    // What is refused was read as far.
  } finally {
    isReading = false
  }
  return turns
}

const manyBytes = 256 * 1024
const manyMembers = 10_000

/** Bodies of a size, in members or bytes, each of another kind. */
const kinds: readonly (readonly [what: string, of: (members: number) => string])[] = [
  ['distinct members of one object', (members) => `{"a":{${Array.from({ length: members }, (_, index) => `"m${index}":1`).join(',')}}}`],
  ['objects of one member', (members) => `{"a":[${Array.from({ length: members }, () => '{"m":1}').join(',')}]}`],
  ['empty lists', (members) => `{"a":[${Array.from({ length: members }, () => '[]').join(',')}]}`],
  ['empty objects within content', (members) => `{"messages":[${Array.from({ length: members }, () => '{}').join(',')}]}`],
  [
    'lists within each other',
    (members) => `{"a":[${Array.from({ length: members / 100 }, () => `${'['.repeat(100)}${']'.repeat(100)}`).join(',')}]}`,
  ],
  ['empty texts', (members) => `{"a":[${Array.from({ length: members }, () => '""').join(',')}]}`],
  ['numbers', (members) => `{"messages":[${Array.from({ length: members }, () => '1').join(',')}]}`],
  ['objects within content', (members) => `{"messages":[${Array.from({ length: members }, () => '{"role":1}').join(',')}]}`],
  [
    'members of settings',
    (members) =>
      `{"a":{"b":[${Array.from({ length: members / 10 }, (_, index) => `{${Array.from({ length: 10 }, (_unused, each) => `"x${index}${each}":"y"`).join(',')}}`).join(',')}]}}`,
  ],
]
const texts: readonly (readonly [what: string, of: (bytes: number) => string])[] = [
  ['one text', (bytes) => `{"messages":"${'a'.repeat(bytes)}"}`],
  ['one text of escapes', (bytes) => `{"messages":"${'\\u00e9'.repeat(bytes / 6)}"}`],
  ['one text of quotation marks', (bytes) => `{"messages":"${'\\"'.repeat(bytes / 2)}"}`],
  ['one text of backslashes', (bytes) => `{"messages":"${'\\\\'.repeat(bytes / 2)}"}`],
  ['one name', (bytes) => `{"messages":{"${'a'.repeat(bytes)}":1}}`],
  ['one list of numbers', (bytes) => `{"messages":[${'0,'.repeat(bytes / 2)}0]}`],
  ['blanks', (bytes) => `{"messages":${' '.repeat(bytes)}1}`],
  ['text beyond ASCII', (bytes) => `{"messages":"${'ü'.repeat(bytes / 2)}"}`],
]

/** How many members a policy's rule had looked at when the first turn of the event loop was over. */
function lookedAtInOneTurn(names: readonly string[]): number {
  let looked = 0
  const nested = { x: Object.fromEntries(names.map((name) => [name, 1])) }
  new MemberWalk(nested, [() => (looked += 1)]).step(manyMembers)
  return looked
}

test('the tags of a request are looked at in the walk of the whole body, by those rules alone that look at tags', () => {
  const looked: string[] = []
  const both: Visit = ({ name }) => void looked.push(`both ${name}`)
  const one: Visit = ({ name }) => void looked.push(`one ${name}`)
  const body = { a: { b: 1 }, metadata: { c: { d: 1 } }, session: { metadata: { e: 1 } }, x: { metadata: 1 } }
  const walk = new MemberWalk(body, [both, one], { inTags: [both] })
  for (let step = 0; !walk.step(1); step += 1) expect(step).toBeLessThan(30)
  const ofBoth = ['a', 'b', 'session', 'x', 'metadata']
  const ofTags = ['metadata', 'metadata', 'c', 'd', 'e']
  expect(looked.toSorted()).toEqual(
    [...ofTags, ...ofBoth]
      .map((name) => `both ${name}`)
      .concat(ofBoth.map((name) => `one ${name}`))
      .toSorted(),
  )
})

describe('linear-in-untrusted-bytes: long names', () => {
  const names = (count: number, unit: string, length: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${index}${unit.repeat(length)}`)

  test('of members with long names fewer are looked at in one turn, by their characters and what those stand for', () => {
    expect(lookedAtInOneTurn(names(20_000, 'a', 8))).toBeGreaterThan(9000)
    expect(lookedAtInOneTurn(names(2000, 'a', 1000))).toBeLessThan(400)
    expect(lookedAtInOneTurn(names(2000, '\u00e9', 240))).toBeLessThan(120)
    expect(lookedAtInOneTurn(names(2000, '\ufdfa', 240))).toBeLessThan(120)
  })

  test('a name of characters that stand for many is folded as it stands, and what is around them all the same', () => {
    expect(foldCase('\ufdfa'.repeat(1000)).length).toBe(1000)
    expect(foldCase(`\uff21\ufdfaP\u0131`)).toBe('a\ufdfap\u0131')
    expect(squashName(`\uff21\ufdfbp\ufdfai_K\u212aey`)).toBe('apikkey')
  })

  test('the name of a file costs no more than its characters', () => {
    const cpuOf = (length: number): number => {
      const fields = new FormFields('x', undefined)
      const before = process.cpuUsage()
      for (let part = 0; part < 200; part += 1)
        fields.feed(Buffer.from(`--x\r\nContent-Disposition: form-data; name="file"; filename="${'a'.repeat(length)}/b"\r\n\r\n1\r\n`))
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    cpuOf(1000)
    // Were it quadratic, eight times the length would cost sixty-four times as much.
    expect(cpuOf(8000)).toBeLessThan(30 * Math.max(cpuOf(1000), 1000))
  })
})

/** The longest turn of the check of a body by every rule of a policy, or of a limit, by processor time, in milliseconds. */
function longestTurnOf(body: object, under: 'policy' | 'limit'): number {
  const outputLimit = { places: ['/generationConfig/maxOutputTokens'], copies: [] }
  const ofPolicy = under === 'policy'
  const route = {
    endpointPath: 'x',
    endpoint: { model: 'none', format: { ...generateContentFormat, outputLimit } },
    gateway: { dialect: dialects.openai },
    key: { mayStore: !ofPolicy },
  } as unknown as Route
  const rules = {
    policy: { models: [], namesModels: ofPolicy, maxTokens: 100, pinUser: ofPolicy },
    route,
    mustSayCeiling: ofPolicy,
    measuring: ofPolicy ? undefined : new Measuring({ ...route, endpoint: { ...route.endpoint, model: 'body' } }, ''),
  } as unknown as BodyRules
  let longest = 0
  const measure = <Result>(work: () => Result): Result => {
    const before = process.cpuUsage()
    try {
      return work()
    } finally {
      const { user, system } = process.cpuUsage(before)
      longest = Math.max(longest, (user + system) / 1000)
    }
  }
  try {
    const limited = { generationConfig: { maxOutputTokens: 5 }, ...body }
    const walk = measure(() => beginCheck(rules, limited, undefined))
    for (let isDone = walk === undefined; !isDone; ) isDone = measure(() => walk?.step(manyMembers)) !== false
  } catch (error) {
    // What is refused may have taken as long.
    expect(error).toHaveProperty('code')
  }
  return longest
}

describe('linear-in-untrusted-bytes: no rule takes long over one member', () => {
  const folding = '\u3300'
  const named = (count: number, length: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}${folding.repeat(length)}`.slice(0, length), 1]))
  const item = { id: 'msg_1', type: 'message', role: 'user', content: 'x' }

  test.each<[what: string, body: () => object]>([
    ['metadata', () => ({ metadata: named(45_000, 58) })],
    ['an entry of a list of models', () => ({ fallbacks: [{ ...named(3400, 950), model: 'auto' }] })],
    ['many entries of a list of models', () => ({ fallbacks: Array.from({ length: 900 }, () => ({ ...named(50, 58), model: 'auto' })) })],
    ['items of the input', () => ({ input: Array.from({ length: 20_000 }, () => ({ ...named(2, 58), ...item })) })],
    ['an item of the input', () => ({ input: [{ ...named(3400, 950), ...item }] })],
    ['an object of settings', () => ({ generationConfig: { ...named(45_000, 58), maxOutputTokens: 5 } })],
    ['outermost members', () => named(1000, 1000)],
    ['members of an object with a long name', () => ({ [`${folding.repeat(1000)}models`]: named(30_000, 4) })],
    ['a list of amounts', () => ({ extra: { thinking_budget_tokens: Array.from({ length: 4_500_000 }, () => 1) } })],
    ['a list of texts', () => ({ models: Array.from({ length: 190_000 }, () => 'openai/xxxxxxxxxxxxxxxxxxxxxxxx') })],
    ['a list of pictures', () => ({ images: Array.from({ length: 190_000 }, () => 'data:image/png;base64,aaaa') })],
    ['pictures in a part', () => ({ input: [{ type: 'image', images: Array.from({ length: 190_000 }, () => 'https://x.test/a') }] })],
    ['members that bound nothing', () => ({ a: Array.from({ length: 45_000 }, () => ({ agent_id: 'x', n_tokens: true })) })],
    ['empty lists', () => ({ a: Array.from({ length: 90_000 }, () => []) })],
    ['edits of the context', () => ({ context_management: { edits: Array.from({ length: 90_000 }, () => ({ type: 'clear_x' })) } })],
  ])('%s', async (_, body) => {
    for (const under of ['policy', 'limit'] as const) {
      longestTurnOf({ metadata: named(100, 58), fallbacks: [{ model: 'auto' }], input: [item] }, under)
      await expectCpuBelow(150, () => longestTurnOf(body(), under))
    }
  })
})

describe('linear-in-untrusted-bytes: request bodies', () => {
  test.each(kinds)('at most 10,000 members are read in one turn of the event loop: %s', async (_, of) => {
    expect(await turnsWhileReading(of(1000))).toBe(0)
    const [once, thrice] = [await turnsWhileReading(of(3 * manyMembers)), await turnsWhileReading(of(9 * manyMembers))]
    expect(once).toBeGreaterThanOrEqual(3)
    // Three times as many members take three times as many turns, and not more.
    expect(thrice).toBeGreaterThanOrEqual(9)
    expect(thrice).toBeLessThanOrEqual(3 * once + 6)
  })

  test.each(texts)('at most 256 KiB are read in one turn of the event loop: %s', async (_, of) => {
    expect(await turnsWhileReading(of(1000))).toBe(0)
    const [once, twice] = [await turnsWhileReading(of(8 * manyBytes)), await turnsWhileReading(of(16 * manyBytes))]
    expect(once).toBeGreaterThanOrEqual(8)
    expect(twice).toBeGreaterThanOrEqual(16)
    expect(twice).toBeLessThanOrEqual(2 * once + 6)
  })

  test.each([
    ['words', 'a b '],
    ['one row of letters', 'abcd'],
    ['beginnings of keys', ' sk-a'],
    ['hyphens', '----'],
    ['blanks', '    '],
  ])('at most 320,000 characters of texts are searched for keys in one turn, and every character once: %s', (_, unit) => {
    const turnsOf = (texts: readonly string[]): number => {
      const search = new CredentialSearch({ a: texts }, /^jt_\S+$/)
      for (let turns = 1; ; turns += 1) if (search.step(manyMembers)) return turns
    }
    const text = unit.repeat(2_400_000 / unit.length)
    expect(turnsOf([text])).toBeGreaterThanOrEqual(7)
    expect(turnsOf([text])).toBeLessThanOrEqual(10)
    expect(turnsOf(Array.from({ length: 600 }, () => text.slice(0, 4000)))).toBeGreaterThanOrEqual(7)
    let from = 0
    for (let stretches = 1; from < text.length; stretches += 1) {
      const { end } = nextStretch(text, from)
      expect(end).toBeGreaterThan(from)
      expect(end - from).toBeLessThanOrEqual(8192)
      expect(stretches).toBeLessThan(1000)
      from = end
    }
  })

  test.each(['\u0301\u0327', '\u0345\u0300', '\u0f71\u0f72\u0f39'])(
    'names of many marks in a row take no longer than others: %j',
    async (marks) => {
      const cpuOf = async (name: string): Promise<number> => {
        const names = Array.from({ length: 60 }, (_, index) => [`${index}${name}`, 1] as const)
        const body = Buffer.from(JSON.stringify(Object.fromEntries(names)))
        const before = process.cpuUsage()
        await readClearBody(body, undefined)
        const { user, system } = process.cpuUsage(before)
        return user + system
      }
      // In an order that would have to be sorted.
      const long = marks[0]?.repeat(320) + marks.slice(1).repeat(320)
      const plain = 'é'.repeat(long.length)
      await cpuOf(plain)
      expect(await cpuOf(long)).toBeLessThan(20 * Math.max(await cpuOf(plain), 1000))
    },
  )

  test('two large bodies take turns: each is read for half of them', async () => {
    const text = texts[0]?.[1](8 * manyBytes) as string
    const alone = await turnsWhileReading(text)
    const [one, other] = await Promise.all([turnsWhileReading(text), turnsWhileReading(text)])
    expect(Math.max(one, other)).toBeGreaterThanOrEqual(1.5 * alone)
  })

  /** Ends so many bodies of so many bytes at the same moment, and says in which turn of the event loop each was given, in the order in which they ended. */
  async function turnsOf(bodies: number, bytes: number): Promise<readonly number[]> {
    let turn = 0
    let isOver = false
    const count = (): void => {
      turn += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    const streams = Array.from({ length: bodies }, () => new PassThrough({ highWaterMark: 2 * manyBytes }))
    const given = streams.map(async (body) => {
      const { length } = await readBody({ body } as unknown as Arrival, 2 * manyBytes)
      return { turn, length }
    })
    for (const body of streams) body.end(Buffer.alloc(bytes, ' '))
    const all = await Promise.all(given)
    isOver = true
    expect(all.every((each) => each.length === bytes)).toBe(true)
    return all.map((each) => each.turn)
  }

  test('of large bodies that end at the same moment one is given in one turn of the event loop', async () => {
    expect(new Set(await turnsOf(12, manyBytes + 1)).size).toBe(12)
  })

  test.each([100, 3000, 20_000, 74_000, 200_000, manyBytes])(
    'of bodies of %i bytes that end at the same moment few are given in one turn, in the order in which they ended',
    async (bytes) => {
      const turns = await turnsOf(1000, bytes)
      expect(turns).toEqual(turns.toSorted((one, other) => one - other))
      const inOne = [...new Set(turns)].map((turn) => turns.filter((each) => each === turn).length)
      for (const bodies of inOne) expect((bodies - 1) * bytes).toBeLessThan(16 * 1024)
      expect(Math.max(...inOne)).toBeGreaterThanOrEqual(Math.max(1, Math.floor((12 * 1024) / bytes)))
    },
  )

  test('a form is read as it comes and holds back no more than the line that a boundary could be', () => {
    const fields = new FormFields('x'.repeat(70), undefined)
    const mark = `--${'x'.repeat(70)}`
    fields.feed(Buffer.from(`${mark}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`))
    for (let index = 0; index < 200; index += 1) fields.feed(Buffer.from(`--${'x'.repeat(69)}\r\n`.repeat(100)))
    fields.feed(Buffer.from(`\r\n${mark}--\r\n`))
    expect(() => fields.end()).not.toThrow()
  })

  forEachDoor({ gateway: 'joytoken' }, (house) => {
    const send = async (members: string): Promise<readonly unknown[]> => {
      const before = house().emulator.seen.length
      const answer = await rawChat(house(), [], { body: `{"model":"auto","messages":[{"role":"user","content":"Hello"}],${members}}` })
      return [statusOf(answer), codeOf(answer), house().emulator.seen.length - before]
    }

    test.each([
      ['members of one object', `"a":{${Array.from({ length: 400_000 }, (_, index) => `"m${index}":1`).join(',')}}`],
      ['members of many objects', `"a":[${'{"m":1,"n":2},'.repeat(90_000)}1]`],
      ['members within content', `"input":[${'{"m":1,"n":2,"o":3},'.repeat(60_000)}1]`],
      ['objects and lists', `"a":[${'[],{},'.repeat(80_000)}1]`],
      ['texts', `"a":[${'"ab",'.repeat(300_000)}1]`],
      ['levels', `"a":${'['.repeat(200_000)}${']'.repeat(200_000)}`],
      ['levels of objects', `"a":${'{"a":'.repeat(600)}1${'}'.repeat(600)}`],
      ['members at the top of a large body', Array.from({ length: 40_000 }, (_, index) => `"m${index}":"${index}"`).join(',')],
      ['letters in one name', `"a":{"${'n'.repeat(2_000_000)}":1}`],
      ['letters in one name of a small body', `"a":[{"${'n'.repeat(2000)}":1}]`],
      ['letters beyond ASCII in one name at the top', `"${'\u0301'.repeat(100_000)}":1`],
      ['letters in one name within content', `"input":{"${'ü'.repeat(200_000)}":1,"${'ü'.repeat(200_000)}":2}`],
      ['letters in one name by escapes', `"a":{"${String.raw`\u0301`.repeat(100_000)}":1}`],
      ['figures of one number', `"a":[${'1,'.repeat(150_000)}${'1'.repeat(100_000)}]`],
    ])('a body of more %s than any API has is refused', async (_, members) => {
      expect(await send(members)).toEqual([400, 'request_malformed', 0])
    })

    test('a large body of what an API has is passed on byte for byte', async () => {
      const members = `"a":[${'{"m":"ü","n":[1,2.50]},'.repeat(40_000)}1.0e0 ]`
      expect(await send(members)).toEqual([200, undefined, 1])
      expect(house().emulator.seen.at(-1)?.body.toString('utf8').endsWith(`${members}}`)).toBe(true)
    })
  })

  forEachDoor({ gateway: 'freeai', config: { policies: { pinUser: true } } }, (house) => {
    test('a large body is edited as a small one is: the project goes, the user is the verified one', async () => {
      for (const padding of ['', `"a":[${'{"m":"ü"},'.repeat(60_000)}1], `]) {
        const answer = await rawChat(house(), [], {
          body: `{"project_id":"evil", ${padding}"user" : "root","model":"auto","messages":[{"role":"user","content":"Hello"}] , "safety_identifier":"x"}`,
        })
        expect(statusOf(answer)).toBe(200)
        expect(house().emulator.seen.at(-1)?.body.toString('utf8')).toBe(
          `{${padding}"user" :"svc-acme","model":"auto","messages":[{"role":"user","content":"Hello"}] , "safety_identifier":"svc-acme"}`,
        )
      }
    })
  })
})

describe('linear-in-untrusted-bytes: a small body of many items', () => {
  /** Every walk along a body: how many members and items at most it was asked to look at, and how often in one turn of the event loop. */
  function watch(walk: { step(most: number): boolean }): { readonly asked: number[]; mostInTurn: number } {
    const seen = { asked: [] as number[], mostInTurn: 0 }
    const step = walk.step
    let inTurn = 0
    vi.spyOn(walk, 'step').mockImplementation(function (this: typeof walk, most) {
      if (inTurn === 0) setImmediate(() => (inTurn = 0))
      inTurn += 1
      seen.asked.push(most)
      seen.mostInTurn = Math.max(seen.mostInTurn, inTurn)
      return step.call(this, most)
    })
    return seen
  }
  afterEach(() => vi.restoreAllMocks())

  const config: Partial<ConfigInput> = {
    policies: { pinUser: true, models: ['auto'] },
    limits: { rules: [{ each: 'user', per: 'month', tokens: 1e12 }] },
  }
  forEachDoor({ gateway: 'freeai', config }, (house) => {
    const kib = 243 * 1024
    test.each([
      ['lists', `[${'[],'.repeat(kib / 3)}[]]`],
      ['objects', `[${'{},'.repeat(kib / 3)}{}]`],
      ['texts', `[${'"",'.repeat(kib / 3)}""]`],
      ['numbers', `[${'1,'.repeat(kib / 2)}1]`],
      ['objects of one member', `[${'{"a":1},'.repeat(kib / 8)}{}]`],
      ['long names beyond ASCII', `{${Array.from({ length: 200 }, (_, index) => `"${index}${'é'.repeat(500)}":1`).join(',')}}`],
    ])('is walked in turns by every rule, 10,000 of them in each: %s', async (_, items) => {
      for (const member of ['documents', 'extra']) {
        const walks = watch(LoadedWalk.prototype)
        const searches = watch(LoadedSearch.prototype)
        const body = `{"model":"auto","messages":[{"role":"user","content":"Hello"}],"${member}":${items}}`
        expect(statusOf(await rawChat(house(), [], { body }))).toBe(200)
        expect(walks.asked.length).toBeGreaterThanOrEqual(2)
        for (const { asked, mostInTurn } of [walks, searches]) {
          expect(Math.max(...asked)).toBeLessThanOrEqual(manyMembers)
          expect(mostInTurn).toBe(1)
        }
        vi.restoreAllMocks()
      }
    })

    test('a plain one is walked at once, by one step of each walk', async () => {
      const walks = watch(LoadedWalk.prototype)
      const searches = watch(LoadedSearch.prototype)
      expect(statusOf(await rawChat(house(), [], { body: '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}' }))).toBe(200)
      expect([walks.asked.length, searches.asked.length]).toEqual([1, 1])
    })
  })
})

describe('linear-in-untrusted-bytes: edits of a large body', () => {
  // ASCII alone: of other texts the bytes up to a place are counted.
  const bytes = 2 * 1024 * 1024
  const chat: readonly (readonly [where: string, of: (value: string) => string, format: AnswerFormat])[] = [
    ['no ceiling', (value) => `{"model":"m","messages":[${value}]}`, chatFormat],
    ['a ceiling at the end', (value) => `{"model":"m","messages":[${value}],"max_tokens":5000}`, chatFormat],
    ['ceilings around it', (value) => `{"max_tokens":5000,"messages":[${value}],"max_output_tokens":7000}`, chatFormat],
    ['settings that are as large', (value) => `{"generationConfig":{"a":${value},"maxOutputTokens":5000}}`, generateContentFormat],
    ['settings that are as large, without one', (value) => `{"generationConfig":{"a":${value}}}`, generateContentFormat],
    [
      'options of a stream that are as large',
      (value) => `{"stream_options":{"a":${value},"include_usage":false},"stream":true}`,
      chatFormat,
    ],
    ['options of a stream without any', (value) => `{"stream_options":{"a":${value}},"stream":true,"user":"x"}`, chatFormat],
  ]
  const values: readonly (readonly [what: string, value: string])[] = [
    ['a text', `"${'a'.repeat(bytes)}"`],
    ['a text of quotation marks', `"${'\\"'.repeat(bytes / 2)}"`],
    ['numbers', `[${'1,'.repeat(bytes / 2)}1]`],
    ['texts', `[${`"${'a'.repeat(97)}",`.repeat(bytes / 100)}1]`],
    ['objects', `[${`{"max_tokens":${'1'.repeat(90)}},`.repeat(20_000)}1]`],
  ]

  test.each(chat.flatMap(([where, of, format]) => values.map(([what, value]) => [where, what, of(value), format] as const)))(
    'take the places that the reader saw, and look at no other character: %s, %s',
    async (_where, _what, text, format) => {
      const received = Buffer.from(text)
      const { members, spans } = await readJson(received)
      const counted = new CountedText(text)
      const read = new LargeJsonBody(members, counted as unknown as string, spans)
      const askForUsage = text.includes('stream_options')
      const edited = editBody(received, { read, dialect: {} as Dialect, format, pinnedUser: 'me', refuseStore: true, askForUsage })
      const ceilings = findCeilings(read, edited, format.outputLimit as OutputLimit, 'm')
      const sent = writeCeiling(edited.bytes, ceilings, 1000).toString()
      expect(edited.bytesOf('messages')).toBeLessThanOrEqual(bytes * 2)
      expect(counted.looks).toBeLessThan(1000)
      expect(sent.length - text.length).toBeLessThan(200)
      const asSent = JSON.parse(sent) as Record<string, unknown>
      expect(asSent).toMatchObject(format === chatFormat ? { store: false, user: 'me' } : { store: false })
      const generation = asSent['generationConfig'] as { maxOutputTokens: number } | undefined
      expect(generation?.maxOutputTokens ?? asSent['max_tokens']).toBe(1000)
      if (askForUsage) expect(asSent['stream_options']).toMatchObject({ include_usage: true })
    },
  )

  test('the length of a question is that of its place in the body, however it is written', async () => {
    const query = `[${'1,'.repeat(bytes / 2)}1]`
    const read = await readJson(Buffer.from(`{"query":${query},"instruction":"é","documents":["a","b"]}`))
    const written = { bytes: { length: bytes }, bytesOf: (name: string) => (name === 'query' ? query.length : 0) }
    const members = { ...read.members, query: Object.assign([1], { toJSON: () => expect.unreachable('it is written out again') }) }
    expect(bytesReadAgain(members, written)).toBe(query.length + 2)
  })

  forEachDoor(
    { gateway: 'freeai', config: { policies: { pinUser: true }, limits: { rules: [{ each: 'user', per: 'month', tokens: 1e12 }] } } },
    (house) => {
      test.each([
        ['ASCII', 'a'],
        ['other characters', 'ü名😀'],
      ])('a large body gets what a small one gets, and every other byte stays: %s', async (_, character) => {
        for (const content of [character, character.repeat(300_000 / character.length)]) {
          const messages = `"messages":[{"role":"user","content":"${content}"}]`
          const send = async (members: string): Promise<string | undefined> => {
            expect(statusOf(await rawChat(house(), [], { body: `{${members}}` }))).toBe(200)
            return house().emulator.seen.at(-1)?.body.toString('utf8')
          }
          expect(await send(`"project_id":"evil", ${messages} ,"model":"auto", "user" : "root"`)).toBe(
            `{"max_tokens":4096,${messages} ,"model":"auto", "user" :"svc-acme"}`,
          )
          expect(await send(`${messages},"max_tokens" : null,"user":"x","model":"auto"`)).toBe(
            `{${messages},"max_tokens" :4096,"user":"svc-acme","model":"auto"}`,
          )
          expect(await send(`${messages},"stream":true,"stream_options": {"x":1.0} ,"max_tokens":77,"model":"auto"`)).toBe(
            `{"user":"svc-acme",${messages},"stream":true,"stream_options": {"x":1.0} ,"max_tokens":77,"model":"auto"}`,
          )
        }
      })
    },
  )
})

describe('linear-in-untrusted-bytes: names that nest', () => {
  /** How many members every rule of a form or a query looks at, and what it is refused with. */
  const looksAt = (work: (visit: Visit) => void): readonly [looked: number, code: unknown] => {
    let looked = 0
    try {
      work(() => void (looked += 1))
    } catch (error) {
      return [looked, (error as { readonly code?: unknown }).code]
    }
    return [looked, undefined]
  }
  const inForm = (names: readonly string[]) =>
    looksAt((visit) => {
      const fields = new FormFields('x', undefined, visitFields({ fields: [visit], files: [visit], users: visit, besides: 'model' }))
      const part = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`
      fields.feed(Buffer.from(`${names.map(part).join('')}--x--\r\n`))
      fields.end()
    })
  const inQuery = (names: readonly string[]) => looksAt((visit) => visitQuery(`?${names.map((name) => `${name}=1`).join('&')}`, [visit]))
  const many = (count: number, behind: string) => Array.from({ length: count }, (_, index) => `p${index}${behind}`)

  test.each([
    ['dots', '.b'.repeat(100)],
    ['brackets', '[b]'.repeat(60)],
    ['open brackets', '[b'.repeat(100)],
    ['a name too many', '.b.c.d.e.f.g.h.i'],
    ['blanks', ' b'.repeat(90)],
    ['numbers', '[0]'.repeat(60)],
    ['other marks', '\u00b7b'.repeat(90)],
  ])('a name that nests more names than any API is refused before a rule looks at it: %s', (_, behind) => {
    expect(inForm(many(900, behind))).toEqual([0, 'request_malformed'])
    expect(inQuery(many(900, behind))).toEqual([0, 'request_malformed'])
  })

  test.each([
    ['levels', '.b.c.d.e.f.g.h', 900],
    ['two levels', '[b]', 4000],
    ['names alone', '', 5000],
  ])('all names together are bounded too, however they nest: %s', (_, behind, count) => {
    const [looked, code] = inQuery(many(count, behind))
    expect(code).toBe('request_malformed')
    expect(looked).toBeLessThanOrEqual(1000)
    const [inFields, ofForm] = inForm(many(Math.min(count, 990), behind))
    // A rule for users and the others look at each.
    expect(inFields).toBeLessThanOrEqual(2 * 1000)
    expect(ofForm).toBe(behind === '' ? undefined : 'request_malformed')
  })

  test('what APIs nest is looked at', () => {
    expect(inForm(['model', 'a[b][c].d', 'timestamp_granularities[]', ...many(490, '[x]')])).toEqual([expect.any(Number), undefined])
    expect(inQuery(['after', 'include[]', 'meta[a.b][c]', 'a[0][b]'])).toEqual([1 + 1 + 4 + 2, undefined])
  })
})
