import type { RequestListener } from 'node:http'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { type AnsweringGateway, forAnAnsweringGateway, saying } from '../support/answering-gateway.js'
import { plainCompletion } from '../support/hostile-upstream.js'

const chunk = (content: string, reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: reason }] })}\n\n`
const whole = `${chunk('Hel')}${chunk('lo', 'stop')}data: [DONE]\n\n`

async function textOf({ house }: AnsweringGateway): Promise<string> {
  const client = new OpenAI({ baseURL: house.baseURL, apiKey: house.callers.acme, maxRetries: 0 })
  const stream = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hello' }], stream: true })
  let text = ''
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  return text
}

/** The same of a text that is long, which the client would search from its beginning with each piece that comes. */
async function longTextOf({ house }: AnsweringGateway): Promise<string> {
  const answer = await house.chat({ body: { stream: true } })
  const events = (await answer.text()).split('\n\n').filter((event) => event.startsWith('data: {'))
  return events
    .map((event) => (JSON.parse(event.slice('data: '.length)) as OpenAI.ChatCompletionChunk).choices[0]?.delta.content ?? '')
    .join('')
}

/** Whatever servers call a stream of events that do not know that they send one. */
const names = [
  'application/json',
  'application/json; charset=utf-8',
  'application/vnd.api+json',
  '',
  'text/plain',
  'application/octet-stream',
  'binary/octet-stream',
  'text/json',
  'text/html',
]

/** Whatever they call JSON beside its own name; `text/html` is told of below. */
const otherNames = [
  'text/plain',
  'application/octet-stream',
  'binary/octet-stream',
  'text/json',
  'application/x-json',
  'text/javascript',
  '',
]

const inPieces =
  (bytes: Buffer, size: number, type: string): RequestListener =>
  async (_, response) => {
    response.writeHead(200, type === '' ? {} : { 'content-type': type })
    for (let at = 0; at < bytes.length; at += size) {
      response.write(bytes.subarray(at, at + size))
      await new Promise(setImmediate)
    }
    response.end()
  }

describe('a stream is what is one, whatever it is called', () => {
  forAnAnsweringGateway({}, (open) => {
    test.each(names)('%s', async (type) => {
      open().answer(saying(whole, type))
      expect(await textOf(open())).toBe('Hello')
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ status: 200, finish: 'complete', model: 'm' })
    })

    test.each(names)('%s, byte by byte, begun with a comment, blanks or a mark of the order of bytes', async (type) => {
      for (const before of [
        '',
        ': hello\n\n',
        ': one\r\n: two\r\n',
        `:${' '.repeat(100)}\n\n`,
        '\n',
        '\uFEFF',
        'event: message\n',
        'id: 7\r\n',
        'retry: 10\n\n',
        ':\n\n',
      ]) {
        open().answer(async (_, response) => {
          response.writeHead(200, type === '' ? {} : { 'content-type': type })
          for (const byte of Buffer.from(before + whole)) {
            response.write(Buffer.of(byte))
            await new Promise(setImmediate)
          }
          response.end()
        })
        expect(await textOf(open())).toBe('Hello')
        expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete' })
      }
    })

    test('comes as it comes, and not at its end', async () => {
      let more: () => void = () => {}
      open().answer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write(chunk('Hel'))
        more = () => response.end(`${chunk('lo', 'stop')}data: [DONE]\n\n`)
      })
      const answer = await open().house.chat({ body: { stream: true } })
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
      expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe(chunk('Hel'))
      more()
      while (!(await reader.read()).done);
    })

    test.each(names)('and its first event is an error under %s too', async (type) => {
      open().answer(saying('data: {"error":{"message":"Too long.","type":"invalid_request_error"}}\n\n', type))
      await expect(textOf(open())).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' })
    })

    test('whatever length it says it has', async () => {
      const long = chunk('long '.repeat(300_000))
      for (const [index, type] of names.filter((each) => each !== 'text/html').entries()) {
        const read = index === 0 ? textOf : longTextOf
        open().answer(saying(long + whole, type))
        expect((await read(open())).length).toBe(1_500_005)
        expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete', model: 'm' })
        open().answer(saying(long, type))
        await expect(read(open())).rejects.toThrow()
        expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'truncated' })
      }
    })

    test('that breaks off is cut, and one that holds a key is too', async () => {
      open().answer((request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write(chunk('Hel'), () => setTimeout(() => request.socket.destroy(), 20))
      })
      await expect(textOf(open())).rejects.toThrow()
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'truncated' })
      for (const type of names) {
        open().answer(saying(`${chunk('Hel')}${chunk(open().house.keys.acme.secret)}`, type))
        await expect(textOf(open())).rejects.toThrow()
        expect(open().house.ledger.entries.at(-1)).toMatchObject({ leaked_key: 'acme' })
      }
    })
  })
})

describe('JSON is what is JSON', () => {
  forAnAnsweringGateway({}, (open) => {
    test.each(['\uFEFF', '\uFEFF\n ', ' \n\t', ''])('behind %j', async (before) => {
      open().answer(saying(before + plainCompletion))
      const answer = await open().house.chat()
      expect([answer.status, Buffer.from(await answer.arrayBuffer()).toString()]).toEqual([200, before + plainCompletion])
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete', model: 'some-model' })
    })

    test('and an error behind a mark of the order of bytes is one', async () => {
      open().answer(saying('\uFEFF{"error":{"message":"Too long.","type":"invalid_request_error"}}'))
      expect((await open().house.chat()).status).toBe(400)
    })

    test('called a stream, it is an answer or an error as it says', async () => {
      open().answer(saying(plainCompletion, 'text/event-stream'))
      const answer = await open().house.chat()
      expect([answer.status, (await answer.text()).replace(/\n\n: postern .*\n\n$/, '')]).toEqual([200, plainCompletion])
      expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'complete', model: 'some-model' })
      for (const stream of [true, false]) {
        open().answer(saying('{\n "error": {"message":"Too long.","type":"invalid_request_error"}\n}\n', 'text/event-stream'))
        const refused = await open().house.chat({ body: { stream } })
        expect([refused.status, await refused.json()]).toMatchObject([400, { error: { message: 'Too long.' } }])
      }
    })

    test('called a page, it goes out under its own name, and a page does not', async () => {
      open().answer(saying(plainCompletion, 'text/html; charset=UTF-8'))
      const answer = await open().house.chat()
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'application/json', plainCompletion])
      for (const body of ['<!doctype html><p>Hello', 'Hello', '', 'd', '{"half'])
        for (const path of ['chat/completions', 'embeddings']) {
          open().answer(saying(body, 'text/html'))
          const refused = await open().call('POST', path, { model: 'm', input: 'a', messages: [] })
          if (path === 'chat/completions' || !body.startsWith('{')) expect([path, body, refused.status]).toEqual([path, body, 502])
        }
    })

    test.each(otherNames)('called %j, it is an answer, with what its record says of it, byte by byte too', async (type) => {
      const counted = plainCompletion.replace(/\}$/, ',"usage":{"prompt_tokens":3,"completion_tokens":4}}')
      for (const before of ['', ' \n', '\uFEFF', '\n'.repeat(100)]) {
        const bytes = Buffer.from(before + counted)
        for (const size of [1, bytes.length]) {
          open().answer(inPieces(bytes, size, type))
          const answer = await open().house.chat()
          expect([answer.status, answer.headers.get('content-type') ?? '']).toEqual([200, type])
          expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
          expect(open().house.ledger.entries.at(-1)).toMatchObject({
            finish: 'complete',
            model: 'some-model',
            usage: { input: 3, output: 4 },
          })
        }
      }
    })

    test.each(otherNames)('called %j, an error has the status that it says, and half an answer is none', async (type) => {
      for (const before of ['', '\n ', '\t'.repeat(100)]) {
        open().answer(saying(`${before}{"error":{"message":"Too long.","type":"invalid_request_error"}}`, type))
        const refused = await open().house.chat()
        expect([refused.status, await refused.json()]).toMatchObject([400, { error: { message: 'Too long.' } }])
        for (const half of ['{"id":"c1","choi', '{', '{"choices":[]', '[']) {
          open().answer(saying(before + half, type))
          expect([half, (await open().house.chat()).status]).toEqual([half, 502])
          expect(open().house.ledger.entries.at(-1)).toMatchObject({ finish: 'upstream_error', code: 'gateway_answer_invalid' })
        }
      }
    })

    test('where nothing is expected of an endpoint, what is called bytes or text stays that, held by nobody', async () => {
      for (const [path, type] of [
        ['audio/transcriptions', 'text/plain'],
        ['audio/speech', 'application/octet-stream'],
        ['audio/speech', ''],
      ] as const) {
        let more: () => void = () => {}
        open().answer((_, response) => {
          response.writeHead(200, type === '' ? {} : { 'content-type': type })
          response.write('{"error":')
          more = () => response.end('nothing')
        })
        const answer = await open().call('POST', path, { model: 'm', input: 'a' })
        more()
        expect([answer.status, await answer.text()]).toEqual([200, '{"error":nothing'])
      }
      open().answer(saying('{"error":{"message":"Too long.","type":"invalid_request_error"}}', 'text/json'))
      expect((await open().call('POST', 'audio/transcriptions', { model: 'm' })).status).toBe(400)
    })

    test('and many documents in a row pass as they come', async () => {
      for (const type of ['application/x-ndjson', 'application/jsonl', 'application/json-seq']) {
        let more: () => void = () => {}
        open().answer((_, response) => {
          response.writeHead(200, { 'content-type': type })
          response.write('{"a":1}\n')
          more = () => response.end('{"a":2}\n')
        })
        const answer = await open().house.chat()
        more()
        expect([answer.status, await answer.text()]).toEqual([200, '{"a":1}\n{"a":2}\n'])
      }
    })

    test('while words that only begin like an event are words', async () => {
      for (const words of ['data', 'identity: none', 'r', 'eventually', ' \n', ': a note', ': one\n: two\nand three', ':smile:\n']) {
        open().answer(saying(words, 'text/plain'))
        const answer = await open().house.chat()
        expect([answer.status, await answer.text()]).toEqual([200, words])
      }
    })
  })
})
