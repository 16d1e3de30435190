import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFrameBlot } from '../../packages/core/dist/forward/deliver/blot-frames.js'
import { type LinkedCall, mendLinks } from '../../packages/core/dist/forward/answer-links.js'
import { createEventPump } from '../../packages/core/dist/forward/deliver/event-pump.js'
import { KeySearch } from '../../packages/core/dist/forward/leak/key-search.js'
import { LeakSearch } from '../../packages/core/dist/forward/leak/leak-search.js'
import { holdsForgedLine } from '../../packages/core/dist/forward/deliver/forged-line.js'
import { mayParse } from '../../packages/core/dist/forward/deliver/parse-bound.js'
import { addChoices, asComment, readEventData } from '../../packages/core/dist/forward/deliver/read-event.js'
import { startHostileUpstream } from '../support/hostile-upstream.js'
import { type House, openHouse } from '../support/house.js'
import { leastCpuMs } from '../support/cpu-time.js'

const kibibyte = 1024

/** Bytes that searches and copies of buffers passed over since the test began. */
let passedOver = 0
const { indexOf, includes } = Buffer.prototype
const { concat } = Buffer

beforeEach(() => {
  passedOver = 0
  Buffer.prototype.indexOf = function counted(this: Buffer, ...args: Parameters<Buffer['indexOf']>): number {
    const at = Reflect.apply<Buffer, Parameters<Buffer['indexOf']>, number>(indexOf, this, args)
    passedOver += (at === -1 ? this.length : at + 1) - (typeof args[1] === 'number' ? args[1] : 0)
    return at
  }
  Buffer.prototype.includes = function counted(this: Buffer, ...args: Parameters<Buffer['includes']>): boolean {
    return this.indexOf(...(args as Parameters<Buffer['indexOf']>)) !== -1
  }
  Buffer.concat = (list, length) => {
    const whole = concat(list, length)
    passedOver += whole.length
    return whole
  }
})
afterEach(() => {
  Buffer.prototype.indexOf = indexOf
  Buffer.prototype.includes = includes
  Buffer.concat = concat
})

/** Counts the characters that a search for keys rolls over, and those that typed arrays copy. */
function countSteps(keys: KeySearch): { readonly steps: number; end(): void } {
  const search = keys as { findFrom: KeySearch['findFrom'] }
  const findFrom = search.findFrom.bind(keys)
  let steps = 0
  search.findFrom = (text, start, open) => {
    steps += text.length - start
    return findFrom(text, start, open)
  }
  const { copy } = Buffer.prototype
  Buffer.prototype.copy = function counted(this: Buffer, ...args: Parameters<Buffer['copy']>): number {
    const copied = Reflect.apply<Buffer, Parameters<Buffer['copy']>, number>(copy, this, args)
    steps += copied
    return copied
  }
  const typed = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
  const { set, copyWithin } = typed
  typed.set = function counted(this: Uint8Array, from: ArrayLike<number>, offset?: number): void {
    steps += from.length
    Reflect.apply(set, this, [from, offset])
  }
  typed.copyWithin = function counted<Self extends Uint8Array>(this: Self, target: number, start: number, end: number = this.length): Self {
    steps += end - start
    return Reflect.apply(copyWithin, this, [target, start, end]) as Self
  }
  return {
    get steps() {
      return steps
    },
    end() {
      Buffer.prototype.copy = copy
      Object.assign(typed, { set, copyWithin })
    },
  }
}

function pieces(text: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.subarray(index * size, (index + 1) * size))
}

describe('linear-in-untrusted-bytes-of-answers: a stream of events is passed over a few times, however it is written and cut', () => {
  const ends: Readonly<Record<string, string>> = {
    'line feeds': 'data: 1\n\n',
    'carriage returns': 'data: 1\r\r',
    both: 'data: 1\r\n\r\n',
    'either in turn': 'data: 1\n\ndata: 2\r\rdata: 3\r\n\r\ndata: 4\n\r',
    'nothing but ends': '\r\n',
    'no end at all': 'data: 1',
    'lines without end of events': 'data: 1\ndata: 2\r',
  }

  test.each(Object.keys(ends))('%s', (name) => {
    const unit = ends[name] as string
    const text = Buffer.from(unit.repeat(Math.ceil((64 * kibibyte) / unit.length)))
    for (const size of [text.length, 8 * kibibyte, 1000, 1]) {
      passedOver = 0
      let written = 0
      const pump = createEventPump({
        inspect: () => undefined,
        lookAhead: () => true,
        write: (bytes) => (written += bytes.length) > 0,
        overflow: () => {},
      })
      for (const piece of pieces(text, size)) pump.push(piece)
      pump.finish()
      expect(written).toBe(text.length)
      expect(passedOver, `in pieces of ${size}`).toBeLessThan(6 * text.length)
    }
  })

  test.each([64 * kibibyte, 1000, 5_000_000])('an event above 256 KiB is looked at while it comes, in pieces of %d bytes', (size) => {
    const large = `data: ${'x'.repeat(4_000_000)}\n\n`
    const looked: [length: number, isFirst: boolean][] = []
    const inspected: [length: number, lookedAhead: boolean][] = []
    const pump = createEventPump({
      inspect: (_, start, end, lookedAhead) => void inspected.push([end - start, lookedAhead]),
      lookAhead: (piece, isFirst) => looked.push([piece.length, isFirst]) > 0,
      write: () => true,
      overflow: () => {},
    })
    for (const piece of pieces(Buffer.from(`data: small\n\n${large}data: small\n\n${large}`), size)) pump.push(piece)
    pump.finish()
    expect(inspected.map(([length]) => length)).toEqual([13, large.length, 13, large.length])
    for (const [length, isFirst] of looked) expect(length).toBeLessThanOrEqual((isFirst ? 256 * kibibyte : 0) + size)
    for (const [length, lookedAhead] of inspected) if (lookedAhead) expect(length).toBe(large.length)
    if (size < large.length) {
      expect(inspected.map(([, lookedAhead]) => lookedAhead)).toEqual([false, true, false, true])
      expect(looked.filter(([, isFirst]) => isFirst).length).toBe(2)
      expect(looked.reduce((sum, [length]) => sum + length, 0)).toBeGreaterThanOrEqual(2 * large.length - 2 * size)
    }
  })

  test('one carriage return among tiny events', () => {
    for (const at of [0, 100_000, 250_000]) {
      const text = Buffer.from('data: 1\n\n'.repeat(30_000))
      text[at] = 0x0d
      passedOver = 0
      const pump = createEventPump({ inspect: () => undefined, lookAhead: () => true, write: () => true, overflow: () => {} })
      pump.push(text)
      pump.finish()
      expect(passedOver).toBeLessThan(6 * text.length)
    }
  })

  test.each(['\n', '\r', '\r\n'])('an event has at most 10,000 lines, which is what is read in one turn, where lines end in %j', (end) => {
    for (const size of [1_000_000, 997]) {
      const seen: number[] = []
      let overflows = 0
      const pump = createEventPump({
        inspect: (bytes, from, to) => void seen.push(bytes.toString('latin1', from, to).split(end).length - 2),
        lookAhead: () => true,
        write: () => true,
        overflow: () => (overflows += 1),
      })
      for (const lines of [10_000, 3, 10_001, 2])
        for (const piece of pieces(Buffer.from(`data: 1${end}`.repeat(lines) + end), size)) pump.push(piece)
      pump.finish()
      expect(seen).toEqual([10_000, 3])
      expect(overflows).toBe(1)
    }
  })

  test('and every event is still found, wherever a stream is cut', () => {
    const events = ['data: 1\n\n', 'data: 2\r\r', 'id: 1\r\ndata: 3\r\n\r\n', 'data: 4\n\r', ': a\rdata: 5\n\n\n', 'data: 6\r\n\r\n\r']
    const text = Buffer.from(events.join(''))
    for (let size = 1; size <= text.length; size += 1) {
      const found: string[] = []
      const pump = createEventPump({
        inspect: (bytes, start, end) => void found.push(bytes.toString('latin1', start, end)),
        lookAhead: () => true,
        write: () => true,
        overflow: () => {},
      })
      for (const piece of pieces(text, size)) pump.push(piece)
      pump.finish()
      expect(found.join('')).toBe(text.toString())
      // No event is cut in two: each has its data, and all its lines.
      expect(found.map((event) => event.trim()).filter((event) => event !== '')).toEqual(events.map((event) => event.trim()))
    }
  })
})

describe('linear-in-untrusted-bytes-of-answers: the search for keys', () => {
  const own = `jt_${randomBytes(32).toString('base64url')}`
  const keys = new KeySearch()
  keys.add('acme', own)
  for (let index = 0; index < 2000; index += 1) keys.add(`k${index}`, `jt_customer_${index % 40}_${randomBytes(24).toString('hex')}`)
  const search = new LeakSearch(keys, 'acme', () => [own])

  const texts: Readonly<Record<string, string>> = {
    'characters of keys only': 'abcdefghijklm0123456789',
    'beginnings of a key': own.slice(0, -1),
    'the beginning that many keys share': 'jt_customer_7_',
    'escapes of JSON': '\\u006a\\u0074\\/',
    'escapes within escapes': '\\\\u006a\\\\\\\\u0074',
    'percent signs': '%6a%74%5f%25',
    'marks of escapes only': '\\%',
    'hexadecimal digits': Buffer.from(own).toString('hex').slice(0, -1),
  }

  test.each(Object.keys(texts))('takes the same for each byte of a longer text: %s', (name) => {
    const unit = texts[name] as string
    const cpuOf = (size: number, rounds: number): number => {
      const text = Buffer.from(unit.repeat(Math.ceil(size / unit.length)))
      const before = process.cpuUsage()
      for (let round = 0; round < rounds; round += 1) expect(search.find(text)).toBeUndefined()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / rounds / size
    }
    cpuOf(64 * kibibyte, 8)
    // Were it quadratic, each byte would take 32 times as much.
    expect(cpuOf(1024 * kibibyte, 2) / cpuOf(32 * kibibyte, 64)).toBeLessThan(8)
  })

  test.each(Object.keys(texts))('copies no more of a text in tiny pieces than a key is long: %s', (name) => {
    const unit = texts[name] as string
    const text = Buffer.from(unit.repeat(Math.ceil((4 * kibibyte) / unit.length)))
    const guard = search.guard()
    let passed = 0
    for (const piece of pieces(text, 1)) passed += (guard.pass(piece) as Buffer).length
    passed += guard.rest().length
    expect(passed).toBe(text.length)
    expect(passedOver).toBeLessThan(text.length * 6 * 6 * own.length)
  })

  test.each(Object.keys(texts))('passes over a text in tiny pieces as often however long the keys are: %s', (name) => {
    const unit = texts[name] as string
    const text = Buffer.from(unit.repeat(Math.ceil((8 * kibibyte) / unit.length)))
    const passedOverWith = (length: number, size: number): number => {
      const long = `jt_${randomBytes(length).toString('base64url')}`.slice(0, length)
      const keysOfThis = new KeySearch()
      for (const [alias, secret] of [
        ['long', long],
        ['other', `jt_${randomBytes(length).toString('base64url')}`],
      ] as const)
        keysOfThis.add(alias, secret)
      const counted = countSteps(keysOfThis)
      const guard = new LeakSearch(keysOfThis, 'long', () => [long]).guard()
      passedOver = 0
      for (const piece of pieces(text, size)) guard.pass(piece)
      guard.rest()
      counted.end()
      return (passedOver + counted.steps) / text.length
    }
    for (const size of [1, 2, 7, 64]) {
      const short = passedOverWith(40, size)
      expect(passedOverWith(990, size), `in pieces of ${size}`).toBeLessThan(1.5 * short + 20)
      expect(short, `in pieces of ${size}`).toBeLessThan(1000)
    }
  })

  test.each([1, 3, 100])(
    'compares each character once with a long key that comes again and again but for its end, in pieces of %d',
    (size) => {
      const long = `jt_${randomBytes(750).toString('base64url')}`.slice(0, 990)
      const ofBoth = new KeySearch()
      ofBoth.add('long', long)
      for (const alias of ['long', 'elsewhere']) {
        const guard = new LeakSearch(ofBoth, alias, () => (alias === 'long' ? [long] : ['jt_of_the_call_itself'])).guard()
        const text = Buffer.from(`${long.slice(0, -1)}${long.at(-1) === '_' ? '-' : '_'}`.repeat(4))
        const counted = countSteps(ofBoth)
        passedOver = 0
        let passed = 0
        for (const piece of pieces(text, size)) passed += (guard.pass(piece) as Buffer).length
        passed += guard.rest().length
        counted.end()
        expect(passed).toBe(text.length)
        expect(passedOver + counted.steps).toBeLessThan(100 * text.length)
      }
    },
  )

  test('costs no more with 50,000 keys than with one, of text as models write it', async () => {
    const prose = Buffer.from(
      '{"content":"The side door opens for those who hold a key, req_0123456789abcdef, and stays shut."}'.repeat(3000),
    )
    const cpuOf = (searched: KeySearch): Promise<number> =>
      leastCpuMs(() => {
        for (let round = 0; round < 30; round += 1) searched.find(prose)
      })
    const few = new KeySearch()
    few.add('acme', own)
    const many = new KeySearch()
    for (let index = 0; index < 50_000; index += 1) many.add(`k${index}`, `jt_${randomBytes(32).toString('base64url')}`)
    await cpuOf(few)
    expect((await cpuOf(many)) / (await cpuOf(few))).toBeLessThan(5)
  })
})

describe('linear-in-untrusted-bytes-of-answers: what else reads a stream', () => {
  test.each([': postern', '\n: postern', '\r\n', '\n: postern {}\n', 'a : postern '])('the search for frames in our name: %j', (unit) => {
    const text = Buffer.from(unit.repeat(Math.ceil((32 * kibibyte) / unit.length)))
    for (const size of [text.length, 1000, 1]) {
      passedOver = 0
      const blot = createFrameBlot()
      for (const piece of pieces(text, size)) blot(piece)
      expect(passedOver).toBeLessThan(3 * text.length)
    }
  })

  test.each<[what: string, unit: string]>([
    ['lines of data', 'data: {\n'],
    ['blanks', 'data:        \n'],
    ['lines that are none', 'data\r'],
    ['brackets', 'data: {{{{'],
  ])('an event of many %s', (_, unit) => {
    const cpuOf = (size: number, rounds: number): number => {
      const event = Buffer.from(unit.repeat(Math.ceil(size / unit.length))).toString('utf8')
      const before = process.cpuUsage()
      for (let round = 0; round < rounds; round += 1) {
        readEventData(event)
        addChoices(event)
        asComment(event)
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / rounds / size
    }
    cpuOf(256 * kibibyte, 8)
    // Were it quadratic, each byte would take 16 times as much.
    expect(cpuOf(4096 * kibibyte, 1) / cpuOf(256 * kibibyte, 16)).toBeLessThan(6)
  })
})

describe('linear-in-untrusted-bytes-of-answers: an event of hardly anything', () => {
  test.each(['\n', '\r', '\r\n', 'x\n', ': \r\n'])('costs no more than a few nanoseconds for each byte: %j', async (unit) => {
    const event = `data: 1${unit.repeat(300_000)}data: 2\n\n`
    const cpuOf = async (read: () => unknown): Promise<number> => {
      read()
      return leastCpuMs(() => {
        for (let round = 0; round < 5; round += 1) read()
      })
    }
    expect(readEventData(event)?.endsWith('\n2')).toBe(true)
    const split = await cpuOf(() => event.split(/\r\n|\r|\n/).length)
    expect((await cpuOf(() => readEventData(event))) * 4).toBeLessThan(split)
  })
})

describe('linear-in-untrusted-bytes-of-answers: a large event is searched for a frame of ours at the beginnings of its lines', () => {
  const rest = 'data: x\n'.repeat(9)
  const holds = (event: string): boolean => {
    const bytes = Buffer.from(`${rest}${event}`)
    return holdsForgedLine(bytes, rest.length, bytes.length)
  }

  test.each([
    ': postern {}',
    ':postern',
    '\uFEFF\uFEFF:\tPOSTERN-x',
    'data: 1\n: postern',
    'data: 1\r:\u00a0Postern {',
    'a\r\n\uFEFF: postern',
  ])('and it is found: %j', (event) => {
    expect(holds(event)).toBe(true)
  })

  test.each(['data: : postern', ': a postern', ':\npostern', 'x\n\uFEFF postern', ': poster', ':', '\uFEFF', ''])(
    'and nothing else is: %j',
    (event) => {
      expect(holds(event)).toBe(false)
    },
  )

  test.each([
    ['one line', 'x'],
    ['lines', 'data: 1\n'],
    ['lines with either end', 'a\r\nb\rc\n'],
    ['comments', ':\n'],
    ['order marks', '\uFEFF'],
  ])('which passes over it a few times, if it is made of %s', (_, unit) => {
    const event = Buffer.from(unit.repeat((1024 * kibibyte) / unit.length))
    passedOver = 0
    expect(holdsForgedLine(event, 0, event.length)).toBe(false)
    expect(passedOver).toBeLessThanOrEqual(3 * event.length)
  })
})

describe('linear-in-untrusted-bytes-of-answers: a large event is parsed only where it has few values', () => {
  const size = 3 * kibibyte * kibibyte
  const many: Readonly<Record<string, string>> = {
    'empty lists': '[],',
    numbers: '1,',
    'lists within lists': '[',
    'objects within objects': '{"a":',
    'escapes of a text': '\\u0061',
  }

  test.each(Object.keys(many))('and not where it is made of %s', (name) => {
    const unit = many[name] as string
    const event = (bytes: number): Buffer =>
      Buffer.concat([Buffer.from('data: '), Buffer.alloc(Math.ceil(bytes / unit.length) * unit.length, unit)])
    const large = event(size)
    expect(mayParse(large, 0, size)).toBe(false)
    const small = event(96 * kibibyte)
    expect(mayParse(small, 10, small.length)).toBe(true)
    // Only the event counts, and not what stands before or behind it.
    const between = Buffer.concat([large, Buffer.alloc(size, 'A'), large])
    const start = large.length
    expect(mayParse(between, start, start + size)).toBe(true)
  })

  test.each([
    ['empty lists', '[],', false],
    ['lists within lists', '[', false],
    ['members', '"a":1,', false],
    ['numbers, as in embeddings', '0.0123,', true],
    ['one text', 'word ', true],
  ])('of less than a mebibyte of %s', (_, unit, isParsed) => {
    expect(mayParse(Buffer.from(unit.repeat(Math.floor((900 * kibibyte) / unit.length))))).toBe(isParsed)
  })

  const lists = `[${'[],'.repeat(size / 3)}[]]`
  const image = 'A'.repeat(size)
  const hugeImage = 'A'.repeat(2 * size)
  const counts = '"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"input_tokens":3,"output_tokens":4}'
  test.each<[string, string, string, boolean]>([
    ['a chunk of lists', 'chat/completions', `data: {${counts},"choices":[],"x":${lists}}\n\ndata: [DONE]\n\n`, false],
    ['a chunk of an image', 'chat/completions', `data: {${counts},"choices":[],"x":"${image}"}\n\ndata: [DONE]\n\n`, true],
    ['a last event of lists', 'responses', `data: {"x":${lists},"type": "response.completed","response":{${counts}}}\n\n`, false],
    ['a last event of an image', 'responses', `data: {"x":"${image}","type":"response.completed","response":{${counts}}}\n\n`, true],
    [
      'a chunk of an image that is too large to be read',
      'chat/completions',
      `data: {${counts},"choices":[],"x":"${hugeImage}"}\n\ndata: [DONE]\n\n`,
      false,
    ],
    [
      'a last event that is too large, its type first',
      'responses',
      `data: {"type":"response.completed","x":"${hugeImage}","response":{${counts}}}\n\n`,
      false,
    ],
    [
      'a last event that is too large, its type last',
      'responses',
      `data: {"x":"${hugeImage}","response":{${counts}},"type":"response.completed"}\n\n`,
      false,
    ],
  ])('it passes all the same and ends well: %s', async (_, path, stream, isRead) => {
    const upstream = await startHostileUpstream((__, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(stream),
    )
    const house = await openHouse({ gateway: 'joytoken', baseURL: upstream.baseURL })
    const { parse } = JSON
    let longest = 0
    JSON.parse = (text, reviver) => {
      longest = Math.max(longest, text.length)
      return parse(text, reviver) as unknown
    }
    const answer = await fetch(`${house.baseURL}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: house.model,
        stream: true,
        store: false,
        messages: [{ role: 'user', content: 'Hello' }],
        input: 'Hello',
      }),
    })
    const text = await answer.text()
    JSON.parse = parse
    await house.close()
    await upstream.close()
    const frame = /: postern .*\n\n/.exec(text)?.[0] ?? ''
    expect(answer.status).toBe(200)
    expect(text.replace(frame, '') === stream).toBe(true)
    expect(frame).toContain('"finish":"complete"')
    expect([frame.includes('"usage"'), longest > size]).toEqual([isRead, isRead])
  })

  test.each<[string, string]>([
    ['members', `{"model":"m","choices":[{"x":{${Array.from({ length: 80_000 }, (_, index) => `"m${index}":1`).join(',')}}}]}`],
    ['lists within lists', `{"model":"m","choices":[${'['.repeat(400_000)}${']'.repeat(400_000)}]}`],
  ])('a held answer of so many %s passes unread, byte for byte', async (_, text) => {
    const upstream = await startHostileUpstream((__, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text))
    const house = await openHouse({ gateway: 'joytoken', baseURL: upstream.baseURL })
    const answer = await house.chat()
    const received = await answer.text()
    expect([answer.status, received.length, received === text]).toEqual([200, text.length, true])
    await house.close()
    await upstream.close()
  })

  test('a catalogue of so many entries that reading it would hold up others is refused', async () => {
    const entries = Array.from({ length: 200_000 }, (_, index) => ({ model_key: `m${index}` }))
    const upstream = await startHostileUpstream((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ code: 0, data: { models: entries } })),
    )
    const house = await openHouse({ gateway: 'joytoken', baseURL: `${upstream.origin}/openai/v1` })
    const answer = await fetch(`${house.baseURL}/models`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect([answer.status, await answer.json()]).toMatchObject([502, { error: { code: 'gateway_answer_invalid' } }])
    await house.close()
    await upstream.close()
  })
})

describe('linear-in-untrusted-bytes-of-answers: where an answer leads its client', () => {
  const mebibyte = 1024 * kibibyte
  const many = (link: string) => `{"id":"t"${`,"poll_url":"${link}"`.repeat(Math.ceil((4 * mebibyte) / (link.length + 14)))}}`
  const texts: Readonly<Record<string, string>> = {
    'one address of nothing but letters': many('a'.repeat(15 * mebibyte)),
    'one address of escapes': many('\\u0061'.repeat(mebibyte)),
    'one path': many('/a'.repeat(2 * mebibyte)),
    'one path with a version at its end': many(`https://g.example${'/a'.repeat(2 * mebibyte)}/v1/videos/generations/t`),
    'paths of many segments': many(`https://g.example${'/a'.repeat(400)}/v1/videos/generations/t`),
    'paths of many segments that lead up again': many(`/v1/videos/generations/t${'/a/..'.repeat(380)}`),
    'short paths': many('/v1/videos/generations/t'),
    'hosts beyond ASCII': many('https://gäteway.exämple/v1/videos/generations/t'),
    'names written as escapes': many('/v1').replaceAll('poll_url', '\\u0070oll\\u005furl'),
    'lists within lists': `{"poll_url":${'['.repeat(4 * mebibyte)}${']'.repeat(4 * mebibyte)}}`,
    'objects within objects': `${'{"poll_url":'.repeat(300_000)}1${'}'.repeat(300_000)}`,
    'a name that does not end soon': `{"${'poll_url'.repeat(500_000)}":"https://evil.example"}`,
    'texts of escapes': `{"x":"${'\\"'.repeat(2 * mebibyte)}","poll_url":"/"}`,
    'texts of backslashes': `{"x":"${'\\\\'.repeat(2 * mebibyte)}","poll_url":"/"}`,
    blanks: `{"poll_url"${' '.repeat(2 * mebibyte)}:${' '.repeat(2 * mebibyte)}"/"}`,
  }
  const found = { endpoints: [{ object: { owner: 'caller', role: 'names' } }] }
  let seals = 0
  const call = {
    arrival: { wholePath: '/ai/v1/videos/generations', path: '/v1/videos/generations' },
    route: {
      endpoint: { format: { id: 'plain' } },
      gateway: { basePath: '/v1', endpoints: { find: (path: string) => (path.startsWith('videos/generations/') ? found : undefined) } },
      object: { seal: (id: string) => `sealed.${id}${((seals += 1)) > 0 ? '' : '.'}` },
    },
  } as unknown as LinkedCall

  test.each(Object.keys(texts))('reads so many addresses and so much of each, whatever it is made of: %s', (name) => {
    const text = texts[name] as string
    const read: number[] = []
    const { URL: Whole } = globalThis
    globalThis.URL = class extends Whole {
      constructor(url: string | URL, base?: string | URL) {
        super(url, base)
        read.push(String(url).length)
      }
    }
    // Some ten nanoseconds for each byte: the least of three tries, since what the machine does besides only adds.
    let least = Infinity
    try {
      for (let tries = 0; tries < 3 && least >= 0.1; tries += 1) {
        read.length = 0
        seals = 0
        const before = process.cpuUsage()
        const mended = mendLinks(text, call, () => 'https://app.example.com')
        const { user, system } = process.cpuUsage(before)
        expect(mended.length).toBeLessThanOrEqual(text.length + 1000 * 100)
        least = Math.min(least, (user + system) / text.length)
      }
    } finally {
      globalThis.URL = Whole
    }
    expect(least).toBeLessThan(0.1)
    expect(read.length).toBeLessThanOrEqual(1000)
    expect(seals).toBeLessThanOrEqual(1000)
    for (const length of read) expect(length).toBeLessThanOrEqual(2048)
  })

  test.each<[what: string, link: string, status: number]>([
    ['of 3 MiB with an address that nobody follows', 'a'.repeat(3 * mebibyte), 200],
    ['of 3 MiB of paths', '/a'.repeat(1.5 * mebibyte), 200],
    ['of 5 MiB', '/'.repeat(5 * mebibyte), 502],
    ['of 15 MB', 'a'.repeat(15_000_000), 502],
  ])('an answer with the id of a stored object is edited or refused, and nothing breaks: one %s', async (_, link, status) => {
    const upstream = await startHostileUpstream((__, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"id":"t1","status_url":"${link}"}`),
    )
    const house = await openHouse({ gateway: 'freeai', baseURL: upstream.baseURL })
    const answer = await begin(house)
    const document = (await answer.json()) as { id?: string; status_url?: unknown; error?: { code: string } }
    expect([answer.status, document.status_url, document.error?.code]).toEqual(
      status === 200 ? [200, null, undefined] : [502, undefined, 'gateway_answer_invalid'],
    )
    expect(document.id).not.toBe('t1')
    await house.close()
    await upstream.close()
  })

  test.each([0, 900_000, 1_048_560, 1_100_000, 2_000_000, 3_500_000])(
    'a key in a large answer with the id of a stored object is found, at %d',
    async (at) => {
      const size = 3_600_000
      let key = ''
      const upstream = await startHostileUpstream((_, response) => {
        const text = `{"id":"t1","x":"${'a '.repeat(at / 2)}${key}${' a'.repeat((size - at) / 2)}"}`
        response.writeHead(200, { 'content-type': 'application/json' })
        for (const piece of pieces(Buffer.from(text), 10_007)) response.write(piece)
        response.end()
      })
      const house = await openHouse({ gateway: 'freeai', baseURL: upstream.baseURL })
      const clean = await begin(house)
      expect([clean.status, (await clean.text()).length > size]).toEqual([200, true])
      for (key of [house.keys.acme.secret, house.keys.globex.secret]) {
        const answer = await begin(house)
        const text = await answer.text()
        expect([answer.status, text.includes('repeated a credential'), text.includes(key)]).toEqual([502, true, false])
      }
      await house.close()
      await upstream.close()
    },
  )
})

function begin(house: House): Promise<Response> {
  return fetch(`${house.baseURL}/videos/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'emulate/echo', prompt: 'a door' }),
  })
}
