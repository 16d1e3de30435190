import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { governanceComment, parseGovernance } from '@postern/protocol'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HostileUpstream, plainCompletion, startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'

const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
const done = 'data: [DONE]\n\n'
const failure = `data: ${JSON.stringify({ error: { message: 'The model is loading.', type: 'server_error', code: 'overloaded' } })}\n\n`
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }
const counted = JSON.stringify({ ...(JSON.parse(plainCompletion) as object), usage })

/** The frame that tells the record of a stream. */
function frameOf(text: string): ReturnType<typeof parseGovernance> {
  const frame = text.split('\n').find((line) => line.startsWith(governanceComment))
  return parseGovernance(frame?.slice(governanceComment.length))
}

describe.each(doorNames)('a wait that the gateway does not ask for is not added, behind the %s door', (door) => {
  let upstream: HostileUpstream
  let house: House
  /** What the gateway does; what it waits for, a test gives by calling `goOn`. */
  let answer: (response: ServerResponse, goOn: Promise<void>) => Promise<void> | void
  let goOn = (): void => {}

  beforeAll(async () => {
    upstream = await startHostileUpstream((_, response) => {
      void answer(response, new Promise((resolve) => (goOn = resolve)))
    })
    const { baseURL } = upstream
    house = await openHouse({
      door,
      config: {
        gateways: { main: { dialect: 'openai', baseURL, attempts: 1, timeouts: { firstEvent: '120ms', hold: '400ms' } } },
      },
    })
  })
  afterAll(async () => {
    await house.close()
    await upstream.close()
  })
  const entryOf = (response: Response) => house.ledger.entry(({ request_id }) => request_id === response.headers.get('x-request-id'))

  describe.each([
    ['a stream', { 'Content-Type': 'text/event-stream' }, { stream: true }, chunk('Hello') + done],
    ['media', { 'Content-Type': 'audio/mpeg' }, {}, 'ID3 sound'],
  ] as const)('%s', (_, headers, body, rest) => {
    test('has its head before its first byte, and is whole', async () => {
      answer = async (response, going) => {
        response.writeHead(200, headers).flushHeaders()
        await going
        response.end(rest)
      }
      // The gateway says nothing more until the head is here.
      const response = await house.chat({ body })
      expect([response.status, response.headers.get('content-type')]).toEqual([200, headers['Content-Type']])
      goOn()
      expect(await response.text()).toContain(rest.slice(0, 9))
      expect(await entryOf(response)).toMatchObject({ status: 200, finish: 'complete' })
    })

    test('that breaks off behind its head is broken off to its client', async () => {
      answer = async (response, going) => {
        response.writeHead(200, headers).flushHeaders()
        await going
        response.destroy()
      }
      const response = await house.chat({ body })
      goOn()
      await expect(
        response.arrayBuffer().then((bytes) => bytes.byteLength > 0 && !Buffer.from(bytes).includes('truncated')),
      ).rejects.toThrow()
      expect(await entryOf(response)).toMatchObject({ status: 200, finish: 'truncated' })
    })

    test('that repeats the key behind its head is cut before it', async () => {
      answer = async (response, going) => {
        response.writeHead(200, headers).flushHeaders()
        await going
        response.end(`data: {"choices":[],"note":"${house.keys.acme.secret}"}\n\n`)
      }
      const response = await house.chat({ body })
      goOn()
      const text = await response.text().catch(String)
      expect(text).not.toContain(house.keys.acme.secret)
      expect(await entryOf(response)).toMatchObject({ finish: 'truncated', leaked_key: 'acme' })
    })

    test('whose client leaves behind its head leaves nothing open at the gateway', async () => {
      let closed: Promise<unknown> = Promise.resolve()
      answer = (response) => {
        closed = new Promise((resolve) => response.once('close', resolve))
        response.writeHead(200, headers).flushHeaders()
      }
      const leaving = new AbortController()
      const response = await house.chat({ body, signal: leaving.signal })
      leaving.abort()
      await closed
      expect(await entryOf(response)).toMatchObject({ status: 200, finish: 'client_closed' })
    })
  })

  test('an error in place of the first event has a status where it comes in time, and is told in the stream later', async () => {
    answer = (response) => void response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(failure)
    const early = await house.chat({ body: { stream: true } })
    expect([early.status >= 400, early.headers.get('content-type')]).toEqual([true, 'application/json; charset=utf-8'])

    answer = async (response, going) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
      await going
      response.end(failure)
    }
    const late = await house.chat({ body: { stream: true } })
    goOn()
    expect(late.status).toBe(200)
    const text = await late.text()
    expect(text).toContain('The model is loading.')
    expect(frameOf(text)).toMatchObject({ finish: 'upstream_error' })
    expect(await entryOf(late)).toMatchObject({ finish: 'upstream_error' })
  })

  test('the official client reads a stream whose head came first, and throws where its first event is an error', async () => {
    const client = new OpenAI({ apiKey: house.callers.acme, baseURL: house.baseURL, maxRetries: 0 })
    const read = async (rest: string): Promise<string> => {
      answer = async (response, going) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
        await going
        response.end(rest)
      }
      const events = await client.chat.completions.create({ model: house.model, messages: [{ role: 'user', content: 'x' }], stream: true })
      goOn()
      let text = ''
      for await (const event of events) text += event.choices[0]?.delta.content ?? ''
      return text
    }
    expect(await read(chunk('Hel') + chunk('lo') + done)).toBe('Hello')
    await expect(read(failure)).rejects.toThrow(OpenAI.APIError)
  })

  describe('JSON that is kept alive', () => {
    const json = { 'Content-Type': 'application/json' }
    const keepAlive = (response: ServerResponse, blank: string): (() => void) => {
      const timer = setInterval(() => response.write(blank), 50)
      return () => clearInterval(timer)
    }

    test.each([
      ['spaces', ' '],
      ['line breaks', '\r\n'],
    ])('by %s is passed on as it comes, and its record has what its end says', async (_, blank) => {
      answer = async (response, going) => {
        response.writeHead(200, json)
        const stop = keepAlive(response, blank)
        await going
        stop()
        response.end(counted)
      }
      // The gateway does not end before this is here.
      const response = await house.chat()
      goOn()
      const text = await response.text()
      expect([response.status, text.startsWith(blank), JSON.parse(text)]).toEqual([200, true, JSON.parse(counted)])
      expect(parseGovernance(response.headers.get('postern-governance') ?? undefined)).not.toHaveProperty('usage')
      expect(await entryOf(response)).toMatchObject({ finish: 'complete', usage: { input: 3, output: 4, source: 'answer' } })
    })

    test('by one blank and nothing more is passed on too', async () => {
      answer = async (response, going) => {
        response.writeHead(200, json)
        response.write('\n')
        await going
        response.end(plainCompletion)
      }
      const response = await house.chat()
      goOn()
      expect([response.status, await response.json()]).toEqual([200, JSON.parse(plainCompletion)])
    })

    test('within the document, and comes in pieces, is passed on too', async () => {
      answer = async (response, going) => {
        response.writeHead(200, json)
        response.write('{')
        const stop = keepAlive(response, ' ')
        await going
        stop()
        response.end(counted.slice(1))
      }
      const response = await house.chat()
      goOn()
      expect([response.status, await response.json()]).toEqual([200, JSON.parse(counted)])
    })

    test('and says at its end that it failed is booked as failed', async () => {
      answer = async (response, going) => {
        response.writeHead(200, json)
        const stop = keepAlive(response, ' ')
        await going
        stop()
        response.end(JSON.stringify({ error: { message: 'No more room.', type: 'server_error', code: null } }))
      }
      const response = await house.chat()
      goOn()
      expect(await response.text()).toContain('No more room.')
      expect(await entryOf(response)).toMatchObject({ status: 200, finish: 'upstream_error' })
    })

    test('and repeats the key, in one piece or two, is cut before it', async () => {
      const { secret } = house.keys.acme
      for (const pieces of [[`{"note":"${secret}"}`], [`{"note":"${secret.slice(0, 9)}`, `${secret.slice(9)}"}`]]) {
        answer = async (response, going) => {
          response.writeHead(200, json)
          const stop = keepAlive(response, ' ')
          await going
          stop()
          for (const piece of pieces) {
            response.write(piece)
            await wait(20)
          }
          response.end()
        }
        const response = await house.chat()
        goOn()
        const text = await response.text().catch(String)
        expect(text).not.toContain(secret.slice(9))
        expect(await entryOf(response)).toMatchObject({ finish: 'truncated', leaked_key: 'acme' })
      }
    })

    test('and ends in time has its status and its record in the header, as any', async () => {
      answer = async (response) => {
        response.writeHead(200, json)
        response.write(' ')
        await wait(30)
        response.end(counted)
      }
      const response = await house.chat()
      expect(parseGovernance(response.headers.get('postern-governance') ?? undefined)).toMatchObject({ usage: { input: 3 } })
      answer = async (response) => {
        response.writeHead(200, json)
        response.write(' ')
        await wait(30)
        response.end(JSON.stringify({ error: { message: 'No.', type: 'server_error', code: null } }))
      }
      expect((await house.chat()).status).toBeGreaterThanOrEqual(400)
    })
  })
})
