import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { governanceComment, parseGovernance } from '@postern/protocol'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, listenAnywhere } from '../support/house.js'
import { startStopwatch } from '../support/stopwatch.js'

const sse = { 'Content-Type': 'text/event-stream' }
const delta = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content } }] })}\n\n`
const done = 'data: [DONE]\n\n'

/** What the client received up to the end or the break, and which of the two it was. */
async function readStream(answer: Response): Promise<{ readonly text: string; readonly broken: boolean }> {
  let text = ''
  const decoder = new TextDecoder()
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  try {
    for (;;) {
      const { done: over, value } = await reader.read()
      if (over) return { text, broken: false }
      text += decoder.decode(value, { stream: true })
    }
  } catch {
    return { text, broken: true }
  }
}

function frameOf(text: string): ReturnType<typeof parseGovernance> {
  return parseGovernance(
    text
      .split('\n')
      .find((line) => line.startsWith(governanceComment))
      ?.slice(governanceComment.length),
  )
}

function dataOf(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6))
}

describe('a stream through the corridor', () => {
  forEachDoor({ gateway: 'joytoken', timeouts: { idle: '300ms', headers: '1s' } }, (house) => {
    const stream = (name: string): Promise<Response> => house().chat({ body: { model: `emulate/${name}`, stream: true } })
    const entryOf = (answer: Response) => house().ledger.entry(({ request_id }) => request_id === answer.headers.get('x-request-id'))

    test('is the gateway’s own, byte for byte, but for the comment frame', async () => {
      const answer = await house().chat({ body: { stream: true } })
      const { text, broken } = await readStream(answer)
      expect(broken).toBe(false)
      expect(answer.headers.get('content-type')).toContain('text/event-stream')
      expect(answer.headers.get('x-accel-buffering')).toBe('no')
      expect(answer.headers.get('content-length')).toBeNull()
      expect(dataOf(text).at(-1)).toBe('[DONE]')
      expect(text.match(/^: postern /gm)).toHaveLength(1)
    })

    test.each(['split-events', 'crlf-events'])('is the same text, however it is cut: %s', async (name) => {
      const plain = dataOf((await readStream(await house().chat({ body: { model: house().model, stream: true } }))).text)
      const { text, broken } = await readStream(await stream(name))
      expect(broken).toBe(false)
      const texts = (data: readonly string[]): string =>
        data
          .filter((line) => line.startsWith('{'))
          .map((line) => (JSON.parse(line) as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content ?? '')
          .join('')
      expect(texts(dataOf(text))).toBe(texts(plain))
      expect(frameOf(text)).toMatchObject({ finish: 'complete' })
    })

    test('that breaks off is cut for the client too, and never ends as if it were whole', async () => {
      const answer = await stream('cut-stream')
      const { text, broken } = await readStream(answer)
      expect(broken).toBe(true)
      expect(text).not.toContain('[DONE]')
      expect(frameOf(text)).toMatchObject({ finish: 'truncated' })
      expect(await entryOf(answer)).toMatchObject({ status: 200, finish: 'truncated' })
    })

    test('that ends without its end mark is cut', async () => {
      const answer = await stream('end-without-done')
      const { text, broken } = await readStream(answer)
      expect([broken, text.includes('[DONE]')]).toEqual([true, false])
      expect(await entryOf(answer)).toMatchObject({ finish: 'truncated', cause: 'The stream ended without its end mark.' })
    })

    test('that falls silent is cut after the idle time, at the gateway too', async () => {
      const startedAt = performance.now()
      const answer = await stream('hang-stream')
      const { broken } = await readStream(answer)
      expect(broken).toBe(true)
      expect(performance.now() - startedAt).toBeGreaterThan(250)
      expect(await entryOf(answer)).toMatchObject({ finish: 'truncated', cause: expect.stringContaining('BODY_TIMEOUT') })
      await house().emulator.seen.at(-1)?.ended
      expect(house().emulator.seen.at(-1)?.abandonedAfterMs).toBeGreaterThan(0)
    })

    test('that keeps talking slowly outlives the idle time', async () => {
      const startedAt = performance.now()
      const { broken, text } = await readStream(await stream('slow-stream'))
      expect([broken, frameOf(text)?.finish]).toEqual([false, 'complete'])
      expect(performance.now() - startedAt).toBeGreaterThan(3000)
    })

    test('that fails in its middle says so to the official client, and is booked as failed', async () => {
      const client = new OpenAI({ apiKey: house().callers.acme, baseURL: house().baseURL, maxRetries: 0 })
      const run = async (): Promise<void> => {
        const events = await client.chat.completions.create({
          model: 'emulate/stream-error',
          messages: [{ role: 'user', content: 'x' }],
          stream: true,
        })
        for await (const event of events) void event
      }
      await expect(run()).rejects.toThrow(OpenAI.APIError)
      expect(house().ledger.entries.at(-1)).toMatchObject({ finish: 'upstream_error' })
    })

    test('whose client leaves is closed at the gateway', async () => {
      const abort = new AbortController()
      const watch = startStopwatch()
      const answer = await house().chat({ body: { model: 'emulate/slow-stream', stream: true }, signal: abort.signal })
      await answer.body?.getReader().read()
      const seen = house().emulator.seen.at(-1)
      abort.abort()
      await seen?.ended
      watch.stop()
      expect((seen?.abandonedAfterMs as number) - watch.lateMs()).toBeLessThan(2000)
      expect(await entryOf(answer)).toMatchObject({ status: 200, finish: 'client_closed' })
    })

    test('whose client leaves before the first event is closed at the gateway', async () => {
      const before = house().emulator.seen.length
      const abort = new AbortController()
      const answer = house().chat({ body: { model: 'emulate/hang' }, signal: abort.signal })
      while (house().emulator.seen.length === before) await wait(5)
      abort.abort()
      await expect(answer).rejects.toThrow()
      await house().emulator.seen.at(-1)?.ended
      const entry = await house().ledger.entry(({ status }) => status === 499)
      expect(entry).toMatchObject({ finish: 'client_closed', key: 'acme' })
    })
  })
})

describe('a stream of a gateway that does as the test says', () => {
  let play: (response: ServerResponse) => void = () => {}
  let upstream: Server
  let baseURL: string
  beforeAll(async () => {
    upstream = createServer((request, response) => {
      request.resume().on('end', () => play(response))
    })
    baseURL = `${await listenAnywhere(upstream)}/v1`
  })
  afterAll(() => {
    upstream.closeAllConnections()
    upstream.close()
  })

  forEachDoor(
    () => Promise.resolve({ baseURL, timeouts: { idle: '2s' } }),
    (house) => {
      test('is sent on event by event, each before the next one comes', async () => {
        let next: (() => void) | undefined
        play = (response) => {
          response.writeHead(200, sse)
          let count = 0
          next = () => {
            count += 1
            response.write(delta(`part ${count}`))
          }
          next()
        }
        const answer = await house().chat({ body: { stream: true } })
        const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
        for (let expected = 1; expected <= 5; expected += 1) {
          const { value } = await reader.read()
          // The gateway has sent no more than this event: were events collected, this would wait for ever.
          expect(Buffer.from(value as Uint8Array).toString()).toBe(delta(`part ${expected}`))
          next?.()
        }
        await reader.cancel()
      })

      test.each<[what: string, events: string]>([
        ['comments and keep-alives', `: ping\n\n${delta('a')}: ping\n\n${done}`],
        ['named events with ids and retry times', `event: x\nid: 7\nretry: 100\ndata: {"choices":[]}\n\n${done}`],
        ['data of several lines', `data: {"choices":\ndata: []}\n\n${done}`],
        ['no blank after the colon', `data:{"choices":[{"delta":{"content":"a"}}]}\n\n${done}`],
        ['text beyond ASCII, cut anywhere', `${delta('Ünïcödé 🦔 שלום')}${done}`],
        ['records that are not JSON', `data: not json\n\n${done}`],
        ['two end marks', `${delta('a')}${done}${done}`],
        ['text after the last blank line', `${delta('a')}${done}: the end`],
        ['an end mark without its blank line', `${delta('a')}data: [DONE]\n`],
        ['an end mark without any line end', `${delta('a')}data: [DONE]`],
        ['lines that end in CR', `${delta('a')}${done}`.replaceAll('\n', '\r')],
        ['line ends of every kind', `${delta('a').trimEnd()}\r\n\n${delta('b').trimEnd()}\n\r\n${done}`],
      ])('passes %s unchanged', async (_, events) => {
        for (const pieceBytes of [1, 3, 1000]) {
          const bytes = Buffer.from(events)
          play = (response) => {
            response.writeHead(200, sse)
            for (let at = 0; at < bytes.length; at += pieceBytes) response.write(bytes.subarray(at, at + pieceBytes))
            response.end()
          }
          const { text, broken } = await readStream(await house().chat({ body: { stream: true } }))
          expect(broken).toBe(false)
          expect(text.replace(/: postern .*\n\n/, '')).toBe(events)
          expect(text).toMatch(/: postern \{.*"finish":"complete"/)
        }
      })

      test('gets `choices: []` where a record has none, since the official client would throw', async () => {
        const chunk = (choice: object): string =>
          `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }] })}\n\n`
        const events =
          chunk({ delta: { role: 'assistant', content: 'Hello' } }) +
          'data: {"id":"c","object":"chat.completion.chunk","usage":{"prompt_tokens":1}}\n\n' +
          chunk({ delta: {}, finish_reason: 'stop' }) +
          done
        play = (response) => response.writeHead(200, sse).end(events)
        const client = new OpenAI({ apiKey: house().callers.acme, baseURL: house().baseURL })
        const helper = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'x' }] })
        expect(await helper.finalContent()).toBe('Hello')
      })

      test('that has an error in place of its first event is an error with a status', async () => {
        play = (response) => response.writeHead(200, sse).end(`data: {"error":{"message":"no","type":"insufficient_quota"}}\n\n${done}`)
        const answer = await house().chat({ body: { stream: true } })
        expect([answer.status, await answer.json()]).toMatchObject([402, { error: { code: 'gateway_out_of_credit' } }])
      })

      test.each<[what: string, records: readonly object[], finish: string]>([
        ['response.completed', [{ type: 'response.created' }, { type: 'response.completed' }], 'complete'],
        ['response.failed', [{ type: 'response.created' }, { type: 'response.failed' }], 'upstream_error'],
        ['error', [{ type: 'response.created' }, { type: 'error', code: 'server_error', message: 'no' }], 'upstream_error'],
      ])('of responses that ends in %s is booked as what it is', async (_, records, finish) => {
        play = (response) => response.writeHead(200, sse).end(records.map((record) => `data: ${JSON.stringify(record)}\n\n`).join(''))
        const answer = await fetch(`${house().baseURL}/responses`, {
          method: 'POST',
          headers: { authorization: `Bearer ${house().callers.acme}`, 'content-type': 'application/json' },
          body: '{"model":"auto","input":"Hello","stream":true}',
        })
        const { text, broken } = await readStream(answer)
        expect([broken, frameOf(text)?.finish]).toEqual([false, finish])
      })

      test('whose last line lacks its end is searched for keys all the same', async () => {
        play = (response) => response.writeHead(200, sse).end(`${delta('a')}${done}data: ${house().keys.acme.secret}`)
        const { text } = await readStream(await house().chat({ body: { stream: true } }))
        expect(text).not.toContain(house().keys.acme.secret)
      })

      test('cannot speak in Postern’s name', async () => {
        play = (response) =>
          response
            .writeHead(200, { ...sse, 'Postern-Governance': '{"request_id":"forged"}' })
            .end(`: postern {"request_id":"forged"}\n\n${delta('a')}${done}`)
        const answer = await house().chat({ body: { stream: true } })
        const { text } = await readStream(answer)
        expect(text + JSON.stringify([...answer.headers])).not.toContain('forged')
        expect(frameOf(text)).toMatchObject({ finish: 'complete' })
      })

      test('that fails before its first event is an error with a status', async () => {
        play = (response) => {
          response.writeHead(200, sse).flushHeaders()
          setTimeout(() => response.destroy(), 50)
        }
        const answer = await house().chat({ body: { stream: true } })
        expect(answer.status).toBe(502)
        expect(await answer.json()).toMatchObject({ error: { code: 'gateway_failed' } })
      })

      test('that is empty is no answer', async () => {
        play = (response) => response.writeHead(200, sse).end()
        const answer = await house().chat({ body: { stream: true } })
        expect([answer.status, await answer.json()]).toMatchObject([502, { error: { code: 'gateway_answer_invalid' } }])
      })

      test('waits while its client does not read, and loses nothing', { timeout: 30_000 }, async () => {
        const event = delta('x'.repeat(60_000))
        const events = 800
        let written = 0
        play = (response) => {
          response.writeHead(200, sse)
          const more = (): void => {
            while (written < events) {
              written += 1
              if (!response.write(event)) {
                response.once('drain', more)
                return
              }
            }
            response.end(done)
          }
          more()
        }
        const received = await readLate(house(), () => written, events)
        expect(received.whileNotReading).toBeLessThan(events / 2)
        expect(received.bytes).toBeGreaterThan(events * event.length)
        expect(received.end).toContain('data: [DONE]\n\n')
      })
    },
  )
})

/** Calls for a stream on a bare socket, reads nothing for a while, then everything. */
async function readLate(house: House, written: () => number, events: number) {
  const body = JSON.stringify({ model: house.model, messages: [], stream: true })
  const { hostname, port } = new URL(house.origin)
  const socket = connect(Number(port), hostname).pause()
  socket.write(
    `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${house.callers.acme}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  )
  let before = -1
  while (written() !== before || before < 1) {
    before = written()
    await wait(150)
    if (before === events) break
  }
  let bytes = 0
  let end = ''
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    end = (end + chunk.toString('latin1')).slice(-2000)
  })
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
  return { whileNotReading: before, bytes, end }
}
