import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
