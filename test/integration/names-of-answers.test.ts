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

/** Whatever servers call a stream of events that do not know that they send one. */
const names = [
  'application/json',
  'application/json; charset=utf-8',
  'application/vnd.api+json',
  '',
  'text/plain',
  'application/octet-stream',
  'text/html',
]

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

    test('while words that only begin like an event are words', async () => {
      for (const words of ['data', 'identity: none', 'r', 'eventually', ' \n', ': a note', ': one\n: two\nand three', ':smile:\n']) {
        open().answer(saying(words, 'text/plain'))
        const answer = await open().house.chat()
        expect([answer.status, await answer.text()]).toEqual([200, words])
      }
    })
  })
})
