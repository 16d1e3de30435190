import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dress, dresses } from '../support/dresses.js'
import { type HostileUpstream, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type DoorName, type House, openHouse } from '../support/house.js'
import { opened } from '../support/opened.js'
import { type ReadAnswer, readAnswer } from '../support/read-answer.js'

const secrets = {
  acme: `mt_live_${randomBytes(32).toString('base64url')}`,
  'provider of acme': `sk-${randomBytes(32).toString('base64url')}`,
  globex: `mt_live_${randomBytes(30).toString('base64url')}`,
  'provider of globex': `AIza${randomBytes(27).toString('base64url')}`,
  'another gateway’s': `sk-proj-${randomBytes(60).toString('base64')}`,
}
type Whose = keyof typeof secrets
const owners = Object.keys(secrets) as Whose[]
const aliasOf: Record<Whose, string> = {
  acme: 'acme',
  'provider of acme': 'acme',
  globex: 'globex',
  'provider of globex': 'globex',
  'another gateway’s': 'elsewhere',
}
const isOwn = (whose: Whose): boolean => aliasOf[whose] === 'acme'

let play: (response: ServerResponse) => unknown = () => {}
let upstream: HostileUpstream
const houses = new Map<DoorName, House>()

beforeAll(async () => {
  upstream = await startHostileUpstream((_request, response) => void play(response))
  for (const door of doorNames) {
    houses.set(
      door,
      await openHouse({
        door,
        gateway: 'mintoken',
        baseURL: upstream.baseURL,
        keys: {
          acme: { secret: secrets.acme, providerSecret: secrets['provider of acme'] },
          globex: { secret: secrets.globex, providerSecret: secrets['provider of globex'] },
        },
        further: { ELSEWHERE: secrets['another gateway’s'] },
        config: {
          gateways: {
            main: { dialect: 'mintoken', baseURL: upstream.baseURL, addressLimit: 'off', attempts: 1, endpoints: opened('models') },
            other: { dialect: 'openai', baseURL: `${upstream.origin}/other` },
          },
          keys: {
            acme: { gateway: 'main', secret: { env: 'ACME' }, providerSecret: { env: 'ACME_PROVIDER' } },
            globex: { gateway: 'main', secret: { env: 'GLOBEX' }, providerSecret: { env: 'GLOBEX_PROVIDER' } },
            elsewhere: { gateway: 'other', secret: { env: 'ELSEWHERE' } },
          },
        },
      }),
    )
  }
})
afterAll(async () => {
  for (const house of houses.values()) await house.close()
  await upstream.close()
})

/** How a text travels to the client, and what of the answer has to arrive where the text is harmless. */
interface Way {
  readonly status?: number
  readonly type: string
  readonly body: (text: string) => string | Buffer
  readonly stream?: boolean
  /** Above a mebibyte. */
  readonly large?: boolean
  /** Errors are told in our words, with the gateway's own in them. */
  readonly told?: boolean
}

const mebibyte = 1024 * 1024
const json = (text: string, filler = ''): string =>
  `{"id":"c1","model":"m","filler":"${filler}","choices":[{"index":0,"message":{"role":"assistant","content":"See ${text} there"},"finish_reason":"stop"}]}`
const tooLong = Buffer.from('long '.repeat(mebibyte / 5))
/** A text as bytes, in which `¶` stands for what is above a mebibyte. */
const filled = (text: string): Buffer =>
  Buffer.concat(text.split('¶').flatMap((part, index) => (index === 0 ? [Buffer.from(part)] : [tooLong, Buffer.from(part)])))
const record = (text: string): string =>
  `{"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"${text}"},"finish_reason":null}]}`
const closing = '{"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'

const ways: Readonly<Record<string, Way>> = {
  'held JSON': { type: 'application/json', body: (text) => json(text) },
  'JSON above what is held': { type: 'application/json; charset=utf-8', large: true, body: (text) => filled(json(text, '¶')) },
  events: {
    type: 'text/event-stream',
    stream: true,
    body: (text) => `data: ${record('Hello')}\n\ndata: ${record(text)}\n\ndata: ${closing}\n\ndata: [DONE]\n\n`,
  },
  'an event above what is looked at in one turn': {
    type: 'text/event-stream',
    stream: true,
    large: true,
    body: (text) => filled(`data: ${record('Hello')}\n\ndata: ${record(`¶ ${text} ¶`)}\n\ndata: ${closing}\n\ndata: [DONE]\n\n`),
  },
  'events by another name': {
    type: 'Application/X-Event-Stream;charset=UTF-8',
    stream: true,
    body: (text) => `data: ${record(text)}\r\r\ndata: ${closing}\r\n\r\ndata: [DONE]\r\n\r\n`,
  },
  'plain text': { type: 'text/plain', body: (text) => `line one\n${text}\nline three` },
  'bytes of no type': { type: '', body: (text) => `key=${text}&more=1` },
  'a picture': {
    type: 'image/png',
    body: (text) => Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(text), Buffer.from([0, 255, 7, 200])]),
  },
  'an error': {
    status: 400,
    type: 'application/json',
    told: true,
    body: (text) => `{"error":{"message":"No such thing as ${text} here.","code":"odd"}}`,
  },
  'an error’s code': {
    status: 404,
    type: 'application/json',
    told: true,
    body: (text) => `{"error":{"message":"None.","code":"${text}"}}`,
  },
}

type Pack = (body: Buffer) => Buffer
const packings: Readonly<Record<string, Pack>> = {
  gzip: (body) => gzipSync(body),
  'X-GZip': (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  'deflate, ': (body) => deflateRawSync(body),
  br: (body) => brotliCompressSync(body),
  'gzip, br': (body) => brotliCompressSync(gzipSync(body)),
  'identity,deflate ,gzip': (body) => gzipSync(deflateRawSync(body)),
}

type Cut = (body: Buffer) => readonly Buffer[]
const cuts: Readonly<Record<string, Cut>> = {
  'in one piece': (body) => [body],
  'in two pieces': (body) => [body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)],
  'byte by byte': (body) => Array.from(body, (_, index) => body.subarray(index, index + 1)),
}

interface Sent {
  readonly way: Way
  readonly text: string
  readonly packing?: string
  readonly cut?: Cut
}

/** What the gateway answers with; the whole body as the client would have it. */
async function send({ way, text, packing, cut = (body) => [body] }: Sent, response: ServerResponse): Promise<void> {
  const body = Buffer.from(way.body(text))
  const packed = packing === undefined ? body : (packings[packing] as Pack)(body)
  response.writeHead(way.status ?? 200, {
    ...(way.type === '' ? {} : { 'Content-Type': way.type }),
    ...(packing === undefined ? {} : { 'Content-Encoding': packing, ETag: '"of-the-packed-body"' }),
  })
  response.socket?.setNoDelay(true)
  for (const piece of cut(packed)) {
    if (response.destroyed) return
    response.write(piece)
    await turn()
  }
  response.end()
}

function ask(house: House, { stream = false }: { readonly stream?: boolean | undefined } = {}): Promise<ReadAnswer> {
  return readAnswer(`${house.baseURL}/chat/completions`, {
    headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: house.model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

/** The most that may go out before a key is known for one: nothing of an own one, and of any other less than identifies it. */
function tellingPart(dress: Dress, whose: Whose): string {
  return dress.of(secrets[whose].slice(0, isOwn(whose) ? 6 : 22)).slice(0, isOwn(whose) ? 8 : undefined)
}

async function expectNothingOut(door: DoorName, sent: Sent, dress: Dress, whose: Whose): Promise<void> {
  const house = houses.get(door) as House
  play = (response) => send(sent, response)
  const answer = await ask(house, sent.way)
  const label = `${dress.name}, ${whose}`
  const everything = `${answer.head}\n${answer.body.toString('latin1')}`
  expect(everything.includes(tellingPart(dress, whose)), `${label}: what came out holds the key`).toBe(false)
  const entry = house.ledger.entries.at(-1)
  expect(entry?.leaked_key, `${label}: the alias in the ledger`).toBe(aliasOf[whose])
  expect(JSON.stringify(entry).includes(tellingPart(dress, whose)), `${label}: the ledger holds the key`).toBe(false)
  if (sent.way.told === true) expect(answer.status, label).toBe(sent.way.status)
  else {
    expect(['truncated', 'upstream_error'], label).toContain(entry?.finish)
    expect(answer.whole && answer.status === 200, `${label}: the answer came whole`).toBe(false)
  }
}

/** Everything that looks like a key and is none that is loaded. */
const stranger = `mt_live_${randomBytes(32).toString('base64url')}`

async function expectWhole(door: DoorName, sent: Sent): Promise<void> {
  const house = houses.get(door) as House
  play = (response) => send(sent, response)
  const answer = await ask(house, sent.way)
  expect(answer.whole).toBe(true)
  expect(answer.status).toBe(sent.way.status ?? 200)
  expect(house.ledger.entries.at(-1)?.leaked_key).toBeUndefined()
  expect(answer.head).not.toMatch(/^(?:content-encoding|etag):/im)
  if (sent.way.told === true) return
  const own = answer.body.toString('latin1').replace(/: postern [^\r\n]*\n\n/, '')
  expect(own).toBe(Buffer.from(sent.way.body(sent.text)).toString('latin1'))
}

describe.each(doorNames)('answer-in-any-dress: behind the %s door, no key gets out', (door) => {
  describe.each(Object.keys(ways))('in %s', (name) => {
    const way = ways[name] as Way

    test.each(owners)('in any dress, the key being that of %s', async (whose) => {
      for (const dress of dresses) {
        const text = (dress.whole ?? dress.of)(secrets[whose])
        await expectNothingOut(door, { way, text }, dress, whose)
      }
    })

    test('while what only looks like a key passes whole in every dress', async () => {
      for (const dress of dresses) await expectWhole(door, { way, text: (dress.whole ?? dress.of)(stranger) })
    })
  })
})

describe('answer-in-any-dress: no key gets out of an answer that is packed unasked', () => {
  const packed = Object.keys(ways).filter((name) => ways[name]?.status === undefined)
  describe.each(packed)('in %s', (name) => {
    const way = ways[name] as Way

    test.each(Object.keys(packings))('under Content-Encoding: %s', async (packing) => {
      // Packed, the large one is cut by the network as it is.
      for (const [index, cut] of Object.values(cuts)
        .slice(0, way.large === true ? 1 : 3)
        .entries()) {
        // A different dress and key each time; the other tests have all of them.
        for (const whose of owners) {
          const dress = dresses[(index * 5 + owners.indexOf(whose) * 3) % dresses.length] as Dress
          await expectNothingOut('node', { way, text: (dress.whole ?? dress.of)(secrets[whose]), packing, cut }, dress, whose)
        }
        await expectWhole('node', { way, text: stranger, packing, cut })
      }
    })
  })

  test.each(Object.keys(packings))('nor of an error under Content-Encoding: %s', async (packing) => {
    for (const whose of owners)
      await expectNothingOut('node', { way: ways['an error'] as Way, text: secrets[whose], packing }, dresses[0] as Dress, whose)
  })
})

describe('answer-in-any-dress: no key gets out across the edges of pieces', () => {
  test.each(['plain text', 'a picture', 'events', 'bytes of no type'])('in %s, byte by byte', async (name) => {
    const way = ways[name] as Way
    for (const whose of owners)
      for (const dress of dresses)
        await expectNothingOut(
          'node',
          { way, text: (dress.whole ?? dress.of)(secrets[whose]), cut: cuts['byte by byte'] as Cut },
          dress,
          whose,
        )
  })

  test('in plain text that is cut anywhere within the key', async () => {
    const way = ways['plain text'] as Way
    for (const dress of dresses) {
      const text = (dress.whole ?? dress.of)(secrets.globex)
      for (let at = 9; at < text.length; at += 7) {
        const cut: Cut = (body) => [body.subarray(0, at), body.subarray(at)]
        await expectNothingOut('node', { way, text, cut }, dress, 'globex')
      }
    }
  })
})

describe('answer-in-any-dress: no key of no known form gets out of an error whose words are cut', () => {
  const secret = `house ${randomBytes(24).toString('hex')}`.replace(' ', '-')
  let house: House
  beforeAll(async () => {
    house = await openHouse({
      baseURL: upstream.baseURL,
      keys: { acme: { secret }, globex: { secret: `${secret}-another` } },
      config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL, attempts: 1 } } },
    })
  })
  afterAll(() => house.close())

  test.each([
    ['plain text', 'text/plain', (text: string) => text],
    ['JSON', 'application/json', (text: string) => JSON.stringify({ error: { message: text, type: text, code: text } })],
    ['a list', 'application/json', (text: string) => JSON.stringify({ detail: [{ msg: text }, { msg: 'x', input: text }] })],
    ['an event', 'text/event-stream', (text: string) => `data: ${JSON.stringify({ error: { message: text } })}\n\n`],
  ])('in %s, wherever it is cut', async (_, type, write) => {
    for (const at of [200, 1000, 2000, 4000, 16_384, 65_536]) {
      for (const before of [`sk-${'Ab1'.repeat(at)}`, 'word '.repeat(at)]) {
        for (const missing of [1, 8, secret.length - 12]) {
          const text = `${before.slice(0, at - secret.length - 1 + missing)} ${secret} and more`
          play = (response) => response.writeHead(400, { 'Content-Type': type }).end(write(text))
          const answer = await ask(house)
          expect(answer.body.toString()).not.toContain(secret.slice(0, 12))
        }
      }
    }
  })
})

describe('answer-in-any-dress: no key gets out in the head of an answer', () => {
  const way = ways['held JSON'] as Way
  test.each(owners)('in a value, the key being that of %s', async (whose) => {
    const house = houses.get('express') as House
    for (const dress of dresses) {
      play = (response) =>
        response.writeHead(200, { 'Content-Type': way.type, 'X-Note': `a ${(dress.whole ?? dress.of)(secrets[whose])}` }).end(way.body('a'))
      const answer = await ask(house)
      expect(answer.status).toBe(200)
      expect(answer.head.includes(tellingPart(dress, whose)), dress.name).toBe(false)
      expect(house.ledger.entries.at(-1)?.leaked_key).toBe(aliasOf[whose])
    }
  })

  test('nor as a name, in lower case or not', async () => {
    const house = houses.get('node') as House
    play = (response) =>
      response.writeHead(200, { 'Content-Type': way.type, [Buffer.from(secrets.globex).toString('hex')]: '1' }).end(way.body('a'))
    const answer = await ask(house)
    expect(answer.status).toBe(200)
    expect(answer.head.toLowerCase()).not.toContain(Buffer.from(secrets.globex.slice(0, 12)).toString('hex'))
  })
})

describe('answer-in-any-dress: what cannot be looked at is not passed on', () => {
  test.each(['zstd', 'compress', 'gzip, zstd', 'aes128gcm', 'gzip,gzip,gzip,gzip', '__proto__'])(
    'under Content-Encoding: %s',
    async (coding) => {
      const house = houses.get('node') as House
      for (const type of ['application/json', 'text/event-stream', 'image/png']) {
        play = (response) => response.writeHead(200, { 'Content-Type': type, 'Content-Encoding': coding }).end('opaque')
        const answer = await ask(house)
        expect(answer.status).toBe(502)
        expect(answer.body.toString()).toContain('gateway_answer_invalid')
        expect(answer.body.toString()).not.toContain('opaque')
      }
    },
  )

  test.each([
    ['with two lines', ['Content-Encoding', 'gzip', 'Content-Encoding', 'br']],
    ['with a line that Connection names', ['Connection', 'content-encoding', 'Content-Encoding', 'gzip, br']],
    ['with another mark between its words', ['Content_Encoding', 'gzip, br']],
    ['with one mark in one line and another in the next', ['content_encoding', 'GZIP', 'Content-Encoding', 'br']],
  ])('and a coding is one however it is said: %s', async (_, lines) => {
    const house = houses.get('node') as House
    const body = brotliCompressSync(gzipSync(json(secrets.globex)))
    play = (response) => response.writeHead(200, ['Content-Type', 'application/json', ...lines]).end(body)
    expect((await ask(house)).status).toBe(502)
    expect(house.ledger.entries.at(-1)?.leaked_key).toBe('globex')
  })

  test.each([
    ['a page in a list', ['Content-Type', 'application/json, text/html']],
    ['a page before another type', ['Content-Type', 'TEXT/HTML; charset=utf-8', 'Content-Type', 'application/json']],
    ['a page behind another type', ['Content-Type', 'application/json', 'Content-Type', 'text/html']],
    ['a page under another mark', ['Content_Type', 'text/html', 'Content-Type', 'application/json']],
    ['a page behind a comma that is quoted', ['Content-Type', 'application/json; a=", text/html; b="']],
    ['a page of the stricter kind', ['Content-Type', 'application/xhtml+xml']],
    ['events and a picture', ['Content-Type', 'text/event-stream', 'Content-Type', 'image/png']],
    ['JSON and a script', ['Content-Type', 'application/json, text/javascript']],
  ])('nor what is called several things, of which one is a page or not: %s', async (_, lines) => {
    const house = houses.get('node') as House
    play = (response) => response.writeHead(200, lines).end('<script>opaque</script>')
    const answer = await ask(house)
    expect(answer.status).toBe(502)
    expect(answer.body.toString()).toContain('gateway_answer_invalid')
    expect(answer.body.toString()).not.toContain('opaque')
  })

  test.each([
    ['twice the same', ['Content-Type', 'application/json', 'Content-Type', 'Application/JSON; charset=utf-8']],
    ['one with a comma in a parameter', ['Content-Type', 'application/json; profile="https://a.example/x,https://b.example/y,z"']],
  ])('while one type is one however it is said: %s', async (_, lines) => {
    const house = houses.get('node') as House
    play = (response) => response.writeHead(200, lines).end(json('Hello'))
    const answer = await ask(house)
    expect([answer.status, answer.body.toString()]).toEqual([200, json('Hello')])
  })

  test('nor what a Transfer-Encoding packs', async () => {
    const house = houses.get('node') as House
    const body = gzipSync(json(secrets.acme))
    play = (response) => {
      response.socket?.end(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${body.length.toString(16)}\r\n`,
          ),
          body,
          Buffer.from('\r\n0\r\n\r\n'),
        ]),
      )
    }
    expect((await ask(house)).status).toBe(502)
  })

  test.each(Object.keys(packings))('and what breaks off or is broken does not end well: %s', async (packing) => {
    const house = houses.get('node') as House
    for (const name of ['held JSON', 'events', 'plain text', 'JSON above what is held']) {
      const way = ways[name] as Way
      const body = (packings[packing] as Pack)(Buffer.from(way.body('a')))
      const broken = Buffer.from(body)
      broken.fill(0x55, broken.length >> 1)
      for (const bytes of [body.subarray(0, body.length - 9), broken, Buffer.from('no such thing')]) {
        play = (response) => response.writeHead(200, { 'Content-Type': way.type, 'Content-Encoding': packing }).end(bytes)
        const answer = await ask(house, way)
        expect(answer.whole && answer.status === 200, name).toBe(false)
        expect(['truncated', 'upstream_error']).toContain(house.ledger.entries.at(-1)?.finish)
      }
    }
  })
})

describe('answer-in-any-dress: what is unpacked', () => {
  test('leaves event by event, while the gateway still writes', async () => {
    const house = houses.get('node') as House
    const { createGzip, constants } = await import('node:zlib')
    let more = (): void => {}
    play = (response) => {
      const pack = createGzip({ flush: constants.Z_SYNC_FLUSH })
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Encoding': 'gzip' })
      pack.pipe(response)
      pack.write(`data: ${record('first')}\n\n`)
      more = () => pack.end(`data: ${closing}\n\ndata: [DONE]\n\n`)
    }
    const answer = await house.chat({ body: { stream: true } })
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe(`data: ${record('first')}\n\n`)
    more()
    let rest = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += Buffer.from(part.value).toString()
    expect(rest).toContain('data: [DONE]')
    expect(rest).toContain('"finish":"complete"')
  })

  test('takes no more memory than the client reads: 256 MiB in a quarter of one', { timeout: 60_000 }, async () => {
    const house = houses.get('node') as House
    const part = gzipSync(Buffer.alloc(32 * mebibyte, 0x20), { level: 9 })
    play = (response) => {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Encoding': 'gzip' })
      for (let index = 0; index < 8; index += 1) response.write(part)
      response.end()
    }
    const answer = await house.chat()
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    const before = process.memoryUsage().rss
    await new Promise((done) => setTimeout(done, 1000))
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * mebibyte)
    let total = 0
    for (let read = await reader.read(); !read.done; read = await reader.read()) total += read.value.length
    expect(total).toBe(256 * mebibyte)
  })

  test.each(['HEAD', 'GET'])('and an answer without a body may name a coding: %s', async (method) => {
    const house = houses.get('node') as House
    play = (response) =>
      response.writeHead(method === 'HEAD' ? 200 : 204, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }).end()
    const answer = await readAnswer(`${house.baseURL}/models`, { method, headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect(answer.whole).toBe(true)
    expect([200, 204]).toContain(answer.status)
    expect(answer.head).not.toMatch(/content-encoding/i)
  })
})

describe('answer-in-any-dress: what is no key passes byte for byte', () => {
  const picture = randomBytes(300_000)
  test.each<[what: string, type: string, body: string | Buffer]>([
    ['a picture in base64', 'application/json', json(picture.toString('base64'))],
    ['a picture in hexadecimal', 'text/plain', picture.toString('hex')],
    ['a picture', 'image/png', picture],
    ['text of another script behind escapes', 'application/json', json('\\u4f60\\u597d'.repeat(5000))],
    ['a long address with percent signs', 'text/plain', encodeURIComponent('größer als/alles?&='.repeat(5000))],
    [
      'examples of keys',
      'application/json',
      json('export OPENAI_API_KEY=sk-proj-abcdefghijklmnopqrstuvwxyz0123456789 and mt_live_your_key_here, sk-ant-api03-xxxxxxxxxxxx'),
    ],
    ['the beginnings of all keys', 'text/plain', owners.map((whose) => secrets[whose].slice(0, 15)).join(' ')],
    ['all keys but for the last character', 'text/plain', owners.map((whose) => `${secrets[whose].slice(0, -1)}!`).join(' ')],
    ['all keys but for the first character', 'text/plain', owners.map((whose) => secrets[whose].slice(1)).join(' ')],
    ['all keys in another case', 'text/plain', owners.map((whose) => secrets[whose].toUpperCase()).join(' ')],
    ['stray marks of escapes', 'text/plain', '100% \\ %% %4 \\u \\u00 \\u00zz %zz \\\\ 50%'.repeat(200)],
  ])('%s', async (_, type, body) => {
    const house = houses.get('node') as House
    for (const cut of [1_000_000, 1024, 333]) {
      const bytes = Buffer.from(body)
      play = async (response) => {
        response.writeHead(200, type === '' ? {} : { 'Content-Type': type })
        for (let at = 0; at < bytes.length; at += cut) {
          response.write(bytes.subarray(at, at + cut))
          if (at % 10 === 0) await turn()
        }
        response.end()
      }
      const answer = await ask(house)
      expect(answer.body.equals(bytes)).toBe(true)
      expect(house.ledger.entries.at(-1)?.finish).toBe('complete')
    }
  })
})
