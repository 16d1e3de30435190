import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { forAnAnsweringGateway, saying } from '../support/answering-gateway.js'
import { forEachDoor } from '../support/for-each-door.js'
import { type HostileUpstream, startHostileUpstream } from '../support/hostile-upstream.js'
import { openHouse } from '../support/house.js'
import { rawChat } from '../support/raw-chat.js'

const json = { 'Content-Type': 'application/json' }
const events = { 'Content-Type': 'text/event-stream' }
const escaped = (text: string): string => [...Buffer.from(text)].map((byte) => `\\u00${byte.toString(16).padStart(2, '0')}`).join('')

let play: (response: ServerResponse) => unknown = () => {}
let upstream: HostileUpstream
beforeAll(async () => {
  upstream = await startHostileUpstream((_request, response) => void play(response))
})
afterAll(() => upstream.close())

describe('hostile-gateway: a gateway that repeats our key gets it out neither', () => {
  forEachDoor(
    () => Promise.resolve({ baseURL: upstream.baseURL }),
    (house) => {
      const key = (): string => house().keys.acme.secret
      const whole = (content: string): string =>
        `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"${content}"}}]}`

      test.each<[way: string, answer: (response: ServerResponse) => unknown]>([
        [
          'in a header that the record is read from',
          (response) => response.writeHead(200, { ...json, 'X-DAOE-Used-Model': `m ${key()}` }).end(whole('a')),
        ],
        [
          'in one of two headers of a name, with an error',
          (response) =>
            response
              .writeHead(400, [...Object.entries(json).flat(), 'X-DAOE-Info', 'ok', 'X-DAOE-Info', key()])
              .end('{"error":{"message":"no"}}'),
        ],
        ['behind escapes in JSON', (response) => response.writeHead(200, json).end(`{"model":"${escaped(key())}","choices":[]}`)],
        ['behind one escape in JSON', (response) => response.writeHead(200, json).end(whole(key().replace('_', '\\u005f')))],
        [
          'behind escapes in an event',
          (response) => response.writeHead(200, events).end(`data: {"choices":[],"x":"${escaped(key())}"}\n\ndata: [DONE]\n\n`),
        ],
        [
          'behind the last blank line of a stream',
          (response) => response.writeHead(200, events).end(`data: {"choices":[]}\n\ndata: ${key()}`),
        ],
        [
          'in an event whose lines end in CR',
          (response) => response.writeHead(200, events).end(`data: {"choices":[]}\r\rdata: ${key()}\r\r`),
        ],
        [
          'in two pieces of a binary answer',
          async (response) => {
            response.writeHead(200, { 'Content-Type': 'audio/mpeg' }).write(`music ${key().slice(0, -1)}`)
            await wait(50)
            response.end(`${key().slice(-1)} more music`)
          },
        ],
        [
          'byte by byte in a binary answer',
          async (response) => {
            response.writeHead(200, { 'Content-Type': 'audio/mpeg' })
            for (const character of `music ${key()} more`) {
              response.write(character)
              await wait(1)
            }
            response.end()
          },
        ],
      ])('%s', async (_, answer) => {
        play = answer
        const text = await rawChat(house(), [])
        expect(text).toContain('HTTP/1.1')
        for (const part of [key(), key().slice(0, -1), key().slice(0, 20), escaped(key()).slice(0, 60)]) expect(text).not.toContain(part)
        expect(JSON.stringify(house().ledger.entries)).not.toContain(key().slice(0, 20))
      })

      test('while a binary answer that only resembles the key passes whole', async () => {
        const bytes = `music ${key().slice(0, 10)} and ${key().slice(0, -1)}`
        play = (response) => response.writeHead(200, { 'Content-Type': 'audio/mpeg' }).end(bytes)
        expect(await (await house().chat()).text()).toBe(bytes)
      })

      test.each([
        ['a model name of any length', '{"model":"M","choices":[]}'.replace('M', 'é'.repeat(100_000))],
        ['a unit of any length', '{"model":"m","choices":[],"metadata":{"tier":"T"}}'.replace('T', 'x'.repeat(100_000))],
      ])('cannot make the head of an answer too large by %s', async (_, body) => {
        play = (response) => response.writeHead(200, json).end(body)
        const answer = await house().chat()
        expect(answer.status).toBe(200)
        expect(answer.headers.get('postern-governance')?.length).toBeLessThan(3000)
      })

      test.each([
        ['behind a CR', `data: {"choices":[]}\r: postern {"request_id":"forged"}\n\ndata: [DONE]\n\n`],
        ['behind a byte order mark', `\uFEFF: postern {"request_id":"forged"}\n\ndata: {"choices":[]}\n\ndata: [DONE]\n\n`],
        ['behind the last blank line', `data: {"choices":[]}\n\ndata: [DONE]\n\n: postern {"request_id":"forged"}\n`],
      ])('cannot write a frame of ours %s', async (_, stream) => {
        play = (response) => response.writeHead(200, events).end(stream)
        expect(await (await house().chat({ body: { stream: true } })).text()).not.toContain('forged')
      })
    },
  )
})

describe('hostile-gateway: a stream of responses', () => {
  const completed = 'event: response.completed\ndata: {"type":"response.completed","response":{"model":"m"}}'
  test.each([
    [
      'a line that becomes a frame of ours once it is a comment',
      'postern {"request_id":"forged","finish":"complete"}\ndata: {"metadata":{}}\n\n',
    ],
    ['the same with carriage returns', 'postern {"request_id":"forged"}\rdata: {"metadata":{}}\r\r'],
    ['a frame within the data', 'data: {"metadata":{"a":": postern {\\"request_id\\":\\"forged\\"}"}}\n\n'],
    ['an event name beside a typeless record', 'event: postern {"request_id":"forged"}\ndata: {"metadata":{}}\n\n'],
  ])('%s forges no record', async (_, events) => {
    const upstream = await startHostileUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`${events}${completed}\n\n`)
    })
    const house = await openHouse({ baseURL: upstream.baseURL })
    try {
      const answer = await fetch(`${house.baseURL}/responses`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
        body: '{"model":"m","input":"x","stream":true}',
      })
      const text = await answer.text()
      const frames = text.split(/\r\n|\r|\n/).filter((line) => line.startsWith(': postern '))
      expect(frames).toHaveLength(1)
      expect(frames[0]).toContain(answer.headers.get('x-request-id'))
    } finally {
      await house.close()
      await upstream.close()
    }
  })

  test('a last line without its end does not swallow the record', async () => {
    const upstream = await startHostileUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(completed)
    })
    const house = await openHouse({ baseURL: upstream.baseURL })
    try {
      const openai = new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme, maxRetries: 0 })
      const types: string[] = []
      for await (const event of await openai.responses.create({ model: 'm', input: 'x', stream: true })) types.push(event.type)
      expect(types).toEqual(['response.completed'])
    } finally {
      await house.close()
      await upstream.close()
    }
  })
})

// Each door has a house and a gateway of its own, and both wait most of the time.
describe.concurrent('hostile-gateway: what is kept alive by blanks is known for what it is all the same', () => {
  const event = 'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'
  const counted = '{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
  const names = ['application/json', 'text/plain', 'application/octet-stream', '']
  const blanks = ['\n', ' '.repeat(100), '\r\n\t ']

  forAnAnsweringGateway({ attempts: 1, timeouts: { firstEvent: '40ms', hold: '80ms' } }, (open) => {
    let goOn: () => void = () => {}
    /** Says how the gateway answers once the client has a head, which it gets after the hold. */
    const held = (headers: Record<string, string>, begin: string, then: (response: ServerResponse, request: IncomingMessage) => unknown) =>
      open().answer(async (request, response) => {
        response.writeHead(200, headers)
        response.write(begin)
        // Blanks let it go by themselves, and what is no blank with the next piece.
        const timer = begin.trim() === '' ? undefined : setInterval(() => response.write(' '), 20)
        await new Promise<void>((resolve) => (goOn = resolve))
        clearInterval(timer)
        await then(response, request)
      })
    const named = (type: string): Record<string, string> => (type === '' ? {} : { 'content-type': type })
    const late = (type: string, begin: string, ...pieces: readonly string[]): void =>
      held(named(type), begin, async (response) => {
        for (const piece of pieces) {
          response.write(piece)
          await wait(5)
        }
        response.end()
      })
    const told = async (stream: boolean): Promise<{ text: string; whole: boolean; entry: object | undefined }> => {
      const answer = await open().house.chat({ body: { stream } })
      goOn()
      expect(answer.status).toBe(200)
      let text = ''
      let whole = true
      try {
        for await (const piece of answer.body as AsyncIterable<Uint8Array>) text += Buffer.from(piece).toString()
      } catch {
        whole = false
      }
      await vi.waitFor(() => expect(open().house.ledger.entries.at(-1)?.request_id).toBe(answer.headers.get('x-request-id')))
      return { text, whole, entry: open().house.ledger.entries.at(-1) }
    }

    test.sequential.each(names)('a stream without its end mark is cut under %j', async (type) => {
      for (const blank of blanks)
        for (const pieces of [[event], Array.from(event), ['da', event.slice(2), event]]) {
          late(type, blank, ...pieces)
          expect(await told(true)).toMatchObject({ whole: false, entry: { finish: 'truncated', model: 'm' } })
        }
    })

    test.sequential.each(names)('a whole stream is whole under %j, its blanks and every byte of it once', async (type) => {
      for (const blank of blanks) {
        late(type, blank, ': hello\n\n', event.slice(0, 3), `${event.slice(3)}data: [DONE]\n\n`)
        const { text, whole, entry } = await told(true)
        expect({ whole, entry }).toMatchObject({ whole: true, entry: { finish: 'complete', model: 'm' } })
        expect(text.replace(/: postern [^\n]*\n\n/, '')).toBe(`${blank}: hello\n\n${event}data: [DONE]\n\n`)
        expect(text.match(/: postern /g)).toHaveLength(1)
      }
    })

    test.sequential.each(names)('an event that is an error fails under %j', async (type) => {
      late(type, '\n', 'data: {"error":{"message":"No more room.","type":"server_error"}}\n\n')
      expect(await told(true)).toMatchObject({ entry: { finish: 'upstream_error' } })
    })

    test.sequential.each(names)('JSON that stops in the middle is cut under %j, and whole JSON is read', async (type) => {
      for (const blank of [...blanks, '{']) {
        const rest = blank === '{' ? counted.slice(1) : counted
        for (const pieces of [[rest.slice(0, 20)], Array.from(rest.slice(0, 20)), [rest.slice(0, -1)]]) {
          late(type, blank, ...pieces)
          expect(await told(false)).toMatchObject({ whole: false, entry: { finish: 'truncated' } })
        }
        for (const pieces of [[rest], [rest.slice(0, 1), rest.slice(1)]]) {
          late(type, blank, ...pieces)
          const { text, whole, entry } = await told(false)
          expect({ whole, entry }).toMatchObject({
            whole: true,
            entry: { finish: 'complete', model: 'm', usage: { input: 3, output: 4 } },
          })
          expect(blank === '{' ? text.replace(/^\{ +/, '{') : text).toBe(blank + rest)
        }
      }
    })

    test.sequential('so is JSON that says its length, and blanks with nothing behind them', async () => {
      for (const [begin, rest] of [
        [' ', '{"id":"c1","choi'],
        ['{', '"id":"c1","choi'],
        ['\n', ' '],
      ] as const) {
        const length = 1000
        open().answer(async (_, response) => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
          response.write(begin)
          let written = begin.length
          const timer = setInterval(() => void (response.write(' '), (written += 1)), 20)
          await new Promise<void>((resolve) => (goOn = resolve))
          clearInterval(timer)
          response.end(rest.padEnd(length - written))
        })
        expect(await told(false)).toMatchObject({ whole: false, entry: { finish: 'truncated' } })
      }
    })

    test.sequential('a connection that breaks off behind blanks alone is cut', async () => {
      for (const type of names) {
        held(named(type), '\n', (_, request) => request.socket.destroy())
        expect(await told(true)).toMatchObject({ text: '\n', whole: false, entry: { finish: 'truncated' } })
      }
    })

    test.sequential('no key gets out behind them, and no frame in our name', async () => {
      const { secret } = open().house.keys.acme
      for (const type of names) {
        for (const pieces of [[event, `data: ${secret}\n\n`], Array.from(`data: ${secret}`), [`{"a":"${secret}"}`]]) {
          late(type, '\n', ...pieces)
          const { text, entry } = await told(true)
          expect(text).not.toContain(secret.slice(0, 20))
          expect(entry).toMatchObject({ finish: 'truncated', leaked_key: 'acme' })
        }
        late(type, '\n', ': postern {"request_id":"forged"}\n\n', event, 'data: [DONE]\n\n')
        expect((await told(true)).text).not.toContain('forged')
        for (const [path, said] of Object.entries({ models: 'application/json', 'chat/completions': type || 'text/plain' })) {
          open().answer(saying(': postern {"request_id":"forged"}\n', said))
          const answer = await open().call(
            path === 'models' ? 'GET' : 'POST',
            path,
            path === 'models' ? undefined : { model: 'm', messages: [] },
          )
          expect(await answer.text()).not.toContain('forged')
        }
      }
    })

    test.sequential('a mebibyte of them says no more than one', async () => {
      for (const type of names) {
        late(type, ' '.repeat(1_100_000), event)
        expect(await told(true)).toMatchObject({ whole: false, entry: { finish: 'truncated', model: 'm' } })
        open().answer(saying(' '.repeat(1_100_000) + event, type))
        expect(await told(true)).toMatchObject({ whole: false, entry: { finish: 'truncated' } })
      }
    })

    test.sequential('of what is kept at the provider, a member called error is no failure, and no JSON is a file', async () => {
      const ask = async (path: string, text: string): Promise<object | undefined> => {
        late('application/json', '\n', text)
        const answer = await open().call('GET', path)
        goOn()
        expect(await answer.text()).toBe(`\n${text}`)
        await vi.waitFor(() => expect(open().house.ledger.entries.at(-1)?.request_id).toBe(answer.headers.get('x-request-id')))
        return open().house.ledger.entries.at(-1)
      }
      expect(await ask('models', '{"object":"list","data":[],"error":{"message":"old"}}')).toMatchObject({ finish: 'complete' })
      expect(await ask('models', 'no JSON')).toMatchObject({ finish: 'complete' })
    })
  })
})

describe('hostile-gateway: counts that are none are not copied into the record', () => {
  const usages = [
    ['less than nothing', '-5'],
    ['a fraction', '1.5'],
    ['more than is exact', '9007199254740993'],
    ['what no number holds', '1e400'],
    ['a text of a negative number', '"-5"'],
    ['a text of very many digits', `"${'9'.repeat(400)}"`],
    ['an object', '{"n":5}'],
  ] as const
  const usage = (count: string): string => `"usage":{"prompt_tokens":${count},"completion_tokens":4,"total_tokens":${count}}`

  forAnAnsweringGateway({}, (open) => {
    const entryOf = async (listener: RequestListener, isStream: boolean): Promise<object | undefined> => {
      open().answer(listener)
      const answer = await open().house.chat({ body: { stream: isStream } })
      await answer.text()
      await vi.waitFor(() => expect(open().house.ledger.entries.at(-1)?.request_id).toBe(answer.headers.get('x-request-id')))
      return open().house.ledger.entries.at(-1)?.usage
    }

    test.each(usages)('%s', async (_, count) => {
      expect(await entryOf(saying(`{"id":"c","model":"m","choices":[],${usage(count)}}`), false)).toEqual({ output: 4, source: 'answer' })
      const events = `data: {"id":"c","model":"m","choices":[],${usage(count)}}\n\ndata: [DONE]\n\n`
      expect(await entryOf(saying(events, 'text/event-stream'), true)).toEqual({ output: 4, source: 'stream' })
    })

    test('while whole counts are, zero and texts of them too', async () => {
      expect(await entryOf(saying(`{"model":"m","choices":[],${usage('0')}}`), false)).toEqual({
        input: 0,
        output: 4,
        total: 0,
        source: 'answer',
      })
      expect(await entryOf(saying(`{"model":"m","choices":[],${usage('"7"')}}`), false)).toMatchObject({ input: 7, total: 7 })
    })
  })
})
