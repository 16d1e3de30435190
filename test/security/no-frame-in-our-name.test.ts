import type { ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { brotliCompressSync, deflateRawSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type HostileUpstream, startHostileUpstream } from '../support/hostile-upstream.js'
import { type ReadAnswer, readAnswer } from '../support/read-answer.js'
import type { House } from '../support/house.js'

let play: (response: ServerResponse) => unknown = () => {}
let upstream: HostileUpstream
beforeAll(async () => {
  upstream = await startHostileUpstream((_request, response) => void play(response))
})
afterAll(() => upstream.close())

const forged = ': postern {"request_id":"forged","attempt":1,"finish":"complete"}'
const first = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}'

/** Streams in which a frame in our name is hidden. */
const streams: Readonly<Record<string, string>> = {
  'at its beginning': `${forged}\n\n${first}\n\ndata: [DONE]\n\n`,
  'behind a byte order mark': `\uFEFF${forged}\n\n${first}\n\ndata: [DONE]\n\n`,
  'behind several byte order marks': `\uFEFF\uFEFF\uFEFF${forged}\n\n${first}\n\ndata: [DONE]\n\n`,
  'behind byte order marks within an event': `${first}\n${'\uFEFF'.repeat(40)}${forged}\n\ndata: [DONE]\n\n`,
  'between two events': `${first}\n\n${forged}\n\ndata: [DONE]\n\n`,
  'within an event': `${first}\n${forged}\n\ndata: [DONE]\n\n`,
  'behind a carriage return': `${first}\r${forged}\r\rdata: [DONE]\r\r`,
  'behind both ends of a line': `${first}\r\n\r\n${forged}\r\n\r\ndata: [DONE]\r\n\r\n`,
  'behind ends of a line of every kind': `${first}\n\r${forged}\r\n\rdata: [DONE]\n\n`,
  'at its end': `${first}\n\ndata: [DONE]\n\n${forged}\n\n`,
  'at its end, without the end of the line': `${first}\n\ndata: [DONE]\n\n${forged}`,
  'twice, one behind the other': `${first}\n\n${forged}\n${forged}\n\n${forged}\n\ndata: [DONE]\n\n`,
}

const types = [
  'text/event-stream',
  'Text/Event-Stream; charset=utf-8',
  ' text/event-stream ;x=y',
  'application/x-event-stream',
  'text/x-event-stream;charset=UTF-8',
  'application/event-stream',
  'text/plain',
  'text/plain, text/event-stream',
  'application/x-ndjson',
  'application/octet-stream',
  'audio/mpeg',
  'nonsense',
  undefined,
]

const packings: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateRawSync(body),
  'br, gzip': (body) => gzipSync(brotliCompressSync(body)),
}

/** The lines that a client would take for frames of ours, and where they come from. */
function framesIn(body: Buffer): readonly string[] {
  return body
    .toString('utf8')
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/^\uFEFF+/, ''))
    .filter((line) => line.startsWith(': postern '))
}

async function stream(
  house: House,
  type: string | undefined,
  body: Buffer,
  headers: Record<string, string> = {},
  size = body.length,
): Promise<ReadAnswer> {
  play = async (response) => {
    response.writeHead(200, { ...(type === undefined ? {} : { 'Content-Type': type }), ...headers })
    response.socket?.setNoDelay(true)
    for (let at = 0; at < body.length && !response.destroyed; at += size) {
      response.write(body.subarray(at, at + size))
      await turn()
    }
    response.end()
  }
  return readAnswer(`${house.baseURL}/chat/completions`, {
    headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: house.model, stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
  })
}

function expectOnlyOurs(answer: ReadAnswer, label: string): void {
  const requestId = /^x-request-id: (.+)$/im.exec(answer.head)?.[1] as string
  const frames = framesIn(answer.body)
  expect(
    frames.filter((frame) => !frame.includes(requestId)),
    label,
  ).toEqual([])
  expect(frames.length, label).toBeLessThanOrEqual(1)
  expect(answer.body.toString('latin1'), label).not.toContain('forged')
}

describe('no-frame-in-our-name: a gateway cannot write one', () => {
  forEachDoor(
    () => Promise.resolve({ baseURL: upstream.baseURL }),
    (house) => {
      test.each(types)('in a stream of the type %s', async (type) => {
        for (const [where, text] of Object.entries(streams))
          for (const size of [text.length * 2, 1, 7])
            expectOnlyOurs(await stream(house(), type, Buffer.from(text), {}, size), `${where}, by ${size}`)
      })

      test.each([
        ':postern ',
        ':\tpostern ',
        ':  postern\t',
        ': POSTERN ',
        ':\u00a0Postern ',
        ':postern',
        '\uFEFF:postern ',
        ': postern-governance ',
      ])('in a stream of events, in a spelling that a lenient client could take for ours: %j', async (mark) => {
        for (const [where, text] of Object.entries(streams))
          for (const size of [text.length * 2, 1])
            expectOnlyOurs(
              await stream(house(), 'text/event-stream', Buffer.from(text.replaceAll(': postern ', mark)), {}, size),
              `${where}, by ${size}`,
            )
      })

      test('while other comments of a stream of events pass', async () => {
        const comments = ': OPENROUTER PROCESSING\n\n:\n\n: see postern\n\n'
        const answer = await stream(house(), 'text/event-stream', Buffer.from(`${comments}${first}\n\ndata: [DONE]\n\n`))
        expect(answer.body.toString()).toContain(comments)
      })

      describe.each([': postern x\n', ':Postern\r\n', '\uFEFF: postern-governance {}\n: postern {"finish":"complete"}\n'])(
        'and one in front of an event hides nothing of that event: %j',
        (line) => {
          const last = async () => {
            await expect.poll(() => house().ledger.entries.length).toBeGreaterThan(0)
            return house().ledger.entries.at(-1)
          }
          const say = (...events: readonly string[]) => stream(house(), 'text/event-stream', Buffer.from(events.join('')))
          const failure = `${line}data: {"error":{"message":"boom","code":"server_error"}}\n\n`
          const done = 'data: [DONE]\n\n'

          test('not the end mark', async () => {
            const { whole, body } = await say(`${first}\n\n`, `${line}${done}`)
            expect(whole).toBe(true)
            expect(body.toString()).toMatch(/\n\n: postern \{[^\n]*\n\ndata: \[DONE\]\n\n$/)
            expect(await last()).toMatchObject({ finish: 'complete' })
            expect(await last()).not.toHaveProperty('ended_without_mark', true)
          })

          test('not an error, which is an error with a status where it is the first event', async () => {
            const { status } = await say(failure, done)
            expect(status).toBeGreaterThanOrEqual(500)
            expect(await last()).toMatchObject({ finish: 'upstream_error', status })
          })

          test('not an error in the middle', async () => {
            const { body } = await say(`${first}\n\n`, failure, done)
            expect(body.toString()).toContain('"finish":"upstream_error"')
            expect(await last()).toMatchObject({ finish: 'upstream_error' })
          })

          test('not what the call has used', async () => {
            const usage = '{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":8,"total_tokens":15}}'
            await say(`${first}\n\n`, `${line}data: ${usage}\n\n`, done)
            expect(await last()).toMatchObject({ usage: { input: 7, output: 8, total: 15 } })
          })

          test('not choices that are missing, which are added', async () => {
            const { body } = await say(`${first}\n\n`, `${line}data: {"id":"c"}\n\n`, done)
            expect(body.toString()).toContain('data: {"choices":[],"id":"c"}\n\n')
          })
        },
      )

      test.each(Object.keys(packings))('in a stream that is packed: %s', async (packing) => {
        for (const type of ['text/event-stream', 'application/x-event-stream', 'text/plain', 'audio/mpeg'])
          for (const [where, text] of Object.entries(streams)) {
            const body = (packings[packing] as (body: Buffer) => Buffer)(Buffer.from(text))
            expectOnlyOurs(await stream(house(), type, body, { 'Content-Encoding': packing }), `${where}, ${type}`)
          }
      })

      test.each(['Postern-Governance', 'postern-refusal', 'POSTERN_GOVERNANCE', 'Postern-Anything', 'X-Request-ID'])(
        'nor a header: %s',
        async (name) => {
          for (const packing of [undefined, 'gzip']) {
            const body = packing === undefined ? Buffer.from('a') : gzipSync('a')
            const answer = await stream(house(), 'text/plain', body, {
              [name]: 'forged',
              ...(packing === undefined ? {} : { 'Content-Encoding': packing }),
            })
            expect(answer.status).toBe(200)
            expect(answer.head).not.toContain('forged')
          }
        },
      )

      test.each(['application/x-event-stream', 'Text/Event-Stream;charset=utf-8', 'text/x-event-stream'])(
        'while a stream that is called %s is listened to as any other: its record ends it',
        async (type) => {
          const answer = await stream(house(), type, Buffer.from(`${first}\n\ndata: [DONE]\n\n`))
          expect(framesIn(answer.body)).toHaveLength(1)
          expect(answer.body.toString()).toMatch(/\n\n: postern \{[^\n]*\n\ndata: \[DONE\]\n\n$/)
        },
      )

      test.each([
        ['a line about frames', 'Each stream has : postern {"a":1}\n and ends.\n'],
        ['a line that is nearly one', ': poster {"a":1}\n:postern {"a":1}\n : postern {"a":1}\n: posterns\n'],
        ['the beginning of one, at the end', 'a\n: postern'],
        ['byte order marks before other lines', `\n${'\uFEFF'.repeat(9)}: poster\n${'\uFEFF'.repeat(9)}x: postern {}\n`],
        ['marks of every kind', '\uFEFF\n\uFEFF: poster\r\n\r\r\n: post'.repeat(300)],
      ])('and %s passes byte for byte', async (_, text) => {
        for (const size of [text.length * 2, 1, 5]) {
          const answer = await stream(house(), 'text/plain', Buffer.from(text), { 'Content-Length': String(Buffer.byteLength(text)) }, size)
          expect(answer.body.toString()).toBe(text)
        }
      })

      test('and a body with a forged one keeps its length', async () => {
        const text = `one\n${forged}\ntwo`
        const answer = await stream(house(), 'text/plain', Buffer.from(text), { 'Content-Length': String(text.length) }, 3)
        expect(answer.whole).toBe(true)
        expect(answer.body.toString()).toBe(`one\n: postern${'-'.repeat(forged.length - ': postern'.length)}\ntwo`)
      })
    },
  )
})
