import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import { createPostern } from '@postern/client'
import { parseGovernance } from '@postern/protocol'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type HoldingGateway, startHoldingGateway } from '../support/holding-gateway.js'
import type { HouseOptions } from '../support/house.js'
import { timed } from '../support/stopwatch.js'

let gateway: HoldingGateway
beforeAll(async () => {
  gateway = await startHoldingGateway()
})
afterAll(() => gateway.close())

const messages = [{ role: 'user' as const, content: 'Hello' }]
type ApiError = InstanceType<typeof OpenAI.APIError>

/** What arrived of a body, and whether it broke off. */
async function readToItsEnd({ body }: Response): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const piece of body as AsyncIterable<Uint8Array>) text += decoder.decode(piece, { stream: true })
    return { text, isCut: false }
  } catch {
    return { text, isCut: true }
  }
}

/** Waits for the end of a call, which a revocation must bring within a second. */
async function withinASecond<Result>(result: Promise<Result>): Promise<Result> {
  const { result: ended, ms } = await timed(result)
  expect(ms).toBeLessThan(1000)
  return ended
}

const house: HouseOptions = {
  settings: { dialect: 'openai', attempts: 1, endpoints: { messages: { methods: ['POST'], format: 'messages', model: 'body' } } },
}

forEachDoor(
  async () => ({ ...house, baseURL: gateway.baseURL }),
  (open) => {
    let users = 0
    const mint = (who: object = {}) => open().minter.mint({ user: `ada ${(users += 1)}`, team: 'acme', ...who })
    const end = (token: string): Promise<number> =>
      fetch(`${open().origin}/ai/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status)
    const call = (token: string, model: string): Promise<Response> =>
      open().chat({ credential: token, body: { model, stream: !/json|silent/.test(model) } })
    const lineOf = (caller: string) => open().ledger.entry((entry) => entry.caller === `session:${caller}` && entry.path !== '/session')
    const seenOnce = async (model: string, before: number): Promise<void> => {
      await expect.poll(() => gateway.seen.slice(before)).toEqual([model])
    }
    const cut = { finish: 'cut_revoked', code: 'caller_revoked' }

    test('a stream ends with an error event, the record and the end of the connection, and the gateway is left', async () => {
      const { token, id } = await mint()
      const left = gateway.left.length
      const answer = await call(token, 'stream')
      const read = readToItsEnd(answer)
      expect(await end(token)).toBe(204)
      const { text, isCut } = await withinASecond(read)
      const [begun, failed, told, ...rest] = text.split('\n\n')
      expect(begun).toContain('begun')
      expect(JSON.parse(failed?.replace('data: ', '') ?? '')).toMatchObject({
        error: { code: 'caller_revoked', type: 'authentication_error' },
      })
      expect(parseGovernance(told?.replace(': postern ', ''))).toMatchObject({ finish: 'cut_revoked', attempt: 1, key: 'acme' })
      expect([rest, isCut]).toEqual([[''], true])
      await expect.poll(() => gateway.left.slice(left)).toContain('stream')
      expect(await lineOf(id)).toMatchObject({ ...cut, status: 200, team: 'acme' })
    })

    test('a stream that stands within an event ends at the event before', async () => {
      const { token } = await mint()
      const read = readToItsEnd(await call(token, 'halfEvent'))
      await end(token)
      const { text } = await withinASecond(read)
      expect(text).toMatch(/^data: \{"id"[^\n]*begun[^\n]*\n\ndata: \{"error":[^\n]*caller_revoked[^\n]*\n\n: postern [^\n]*\n\n$/)
    })

    test.each(['chat', 'responses'] as const)('the openai client throws an error with the code, of a stream of %s', async (api) => {
      const { token } = await mint()
      const openai = new OpenAI({ baseURL: open().baseURL, apiKey: token })
      const seen = gateway.seen.length
      const stream: AsyncIterable<unknown> =
        api === 'chat'
          ? await openai.chat.completions.create({ model: 'stream', messages, stream: true })
          : await openai.responses.create({ model: 'responses', input: 'Hello', stream: true })
      const events: unknown[] = []
      const read = (async () => {
        for await (const event of stream) events.push(event)
      })().catch((error: unknown) => error as ApiError)
      await expect.poll(() => events.length).toBe(1)
      await end(token)
      const failure = (await withinASecond(read)) as ApiError
      expect(failure).toBeInstanceOf(OpenAI.APIError)
      expect(failure.code).toBe('caller_revoked')
      expect([events.length, gateway.seen.length - seen]).toEqual([1, 1])
    })

    test.each([
      ['an answer that has not begun', 'silent', false],
      ['JSON of which a part has come', 'json', false],
      ['a stream without an event', 'noEvent', true],
    ] as const)('%s is refused, and the openai client does not repeat it', async (_, model, stream) => {
      const { token, id } = await mint()
      const openai = new OpenAI({ baseURL: open().baseURL, apiKey: token })
      const [seen, left] = [gateway.seen.length, gateway.left.length]
      const asked = openai.chat.completions.create({ model, messages, stream }).catch((error: unknown) => error as ApiError)
      await seenOnce(model, seen)
      await end(token)
      const failure = (await withinASecond(asked)) as ApiError
      expect([failure.status, failure.code, failure.headers?.get('x-should-retry')]).toEqual([401, 'caller_revoked', 'false'])
      expect(failure.headers?.get('postern-refusal')).toBe('caller_revoked')
      expect(failure.message).toContain('may have run and billed')
      expect(parseGovernance(failure.headers?.get('postern-governance'))).toMatchObject({ finish: 'cut_revoked' })
      await expect.poll(() => gateway.left.slice(left)).toContain(model)
      expect(await lineOf(id)).toMatchObject({ ...cut, status: 401 })
      expect(gateway.seen.length - seen).toBe(1)
    })

    test('a sound of which a part was sent is cut', async () => {
      const { token, id } = await mint()
      const answer = await fetch(`${open().baseURL}/audio/speech`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'sound', input: 'Hello', voice: 'alloy' }),
      })
      const read = readToItsEnd(answer)
      await end(token)
      expect(await withinASecond(read)).toEqual({ text: 'some sound', isCut: true })
      expect(await lineOf(id)).toMatchObject({ ...cut, status: 200 })
    })

    /** Sends a request of which the rest is missing: when it is being read, and what came back once there is an answer or the end. */
    function sendPart(token: string, path: string, type: string, part: string) {
      const { hostname, port } = new URL(open().origin)
      const socket = connect(Number(port), hostname)
      let text = ''
      const comes = (pattern: RegExp): Promise<string> =>
        new Promise((resolve) => {
          socket.on('data', () => pattern.test(text) && resolve(text))
          socket.on('close', () => resolve(text))
        })
      socket.on('data', (piece: Buffer) => (text += piece.toString()))
      socket.on('error', () => {})
      socket.write(
        `POST /ai/v1/${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nExpect: 100-continue\r\nContent-Type: ${type}\r\nContent-Length: 5000\r\n\r\n${part}`,
      )
      return { begun: comes(/ 100 /), answered: comes(/ [45]\d\d [^]*\}$/) }
    }

    test('a call whose body has not come whole is refused, and never sent', async () => {
      const { token, id } = await mint()
      await (await call(token, 'stream')).body?.cancel()
      await lineOf(id)
      open().ledger.entries.splice(0)
      const seen = gateway.seen.length
      const { begun, answered } = sendPart(token, 'chat/completions', 'application/json', '{"model":"silent"')
      await begun
      await end(token)
      expect(await withinASecond(answered)).toMatch(/^HTTP\/1\.1 100[^]*HTTP\/1\.1 401 [^]*"code":"caller_revoked"/)
      expect(await lineOf(id)).toMatchObject({ ...cut, status: 401, attempt: 0 })
      expect(gateway.seen.length).toBe(seen)
    })

    test('an upload that is under way ends, and the gateway gets no more of it', async () => {
      const { token, id } = await mint()
      const [seen, left] = [gateway.seen.length, gateway.left.length]
      const head =
        '--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
      const { answered } = sendPart(token, 'files', 'multipart/form-data; boundary=b', `${head}${'x'.repeat(1000)}`)
      await seenOnce('upload', seen)
      await end(token)
      expect(await withinASecond(answered)).toMatch(/^HTTP\/1\.1 100[^]*HTTP\/1\.1 401 [^]*"code":"caller_revoked"/)
      await expect.poll(() => gateway.left.slice(left)).toContain('upload')
      expect(await lineOf(id)).toMatchObject({ ...cut, status: 401 })
    })

    test('a stream of Anthropic messages ends with an error that its client knows', async () => {
      const { token } = await mint()
      const anthropic = new Anthropic({ baseURL: `${open().origin}/ai`, apiKey: null, authToken: token })
      const body = { model: 'messages', max_tokens: 10, messages, stream: true } as const
      const stream = await anthropic.messages.create(body)
      const events: unknown[] = []
      const read = (async () => {
        for await (const event of stream) events.push(event)
      })().catch((error: unknown) => error)
      await expect.poll(() => events.length).toBe(1)
      await end(token)
      const failure = await withinASecond(read)
      expect(failure).toBeInstanceOf(Anthropic.APIError)
      expect(failure).toMatchObject({ error: { type: 'error', error: { code: 'caller_revoked' } } })
    })

    test('a stream that nobody reads ends at the gateway and in the log as soon, and for its client when that reads on', async () => {
      const { token, id } = await mint()
      const left = gateway.left.length
      const { hostname, port } = new URL(open().origin)
      const socket = connect(Number(port), hostname)
      const body = JSON.stringify({ model: 'flood', messages, stream: true })
      socket.write(
        `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      await new Promise((begun) => socket.once('data', begun))
      socket.pause()
      await end(token)
      expect(await withinASecond(lineOf(id))).toMatchObject({ ...cut, status: 200 })
      await expect.poll(() => gateway.left.slice(left)).toContain('flood')
      let last = ''
      socket.on('data', (piece: Buffer) => (last = (last + piece.toString()).slice(-5000)))
      const closed = new Promise((resolve) => socket.on('close', resolve))
      socket.on('error', () => {})
      socket.resume()
      await closed
      expect(last).toMatch(/data: \{"error":[^\n]*caller_revoked[^\n]*\n\n: postern [^\n]*"finish":"cut_revoked"[^\n]*\n\n/)
    })

    /** Sends a call, of whose answer only so much is read as `read` asks for. */
    function callSlowly(token: string, model: string) {
      const { hostname, port } = new URL(open().origin)
      const socket = connect(Number(port), hostname)
      const body = JSON.stringify({ model, messages, stream: true })
      let received = 0
      let last = ''
      socket.on('error', () => {})
      socket.on('data', (piece: Buffer) => {
        received += piece.length
        last = (last + piece.toString('latin1')).slice(-5000)
      })
      socket.write(
        `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      const closed = new Promise<void>((done) => socket.on('close', () => done()))
      return { socket, closed, received: () => received, last: () => last }
    }

    test.each(['gzip', 'deflate', 'br'])('a stream that is packed ends at once, and no more of it is unpacked: %s', async (packing) => {
      const { token, id } = await mint()
      const client = callSlowly(token, packing)
      await expect.poll(client.received, { timeout: 10_000 }).toBeGreaterThan(0)
      client.socket.pause()
      await end(token)
      expect(await withinASecond(lineOf(id))).toMatchObject({ ...cut, status: 200 })
      client.socket.resume()
      await withinASecond(client.closed)
      // Of thirty megabytes there is no more than what had left before.
      expect(client.received()).toBeLessThan(15_000_000)
      expect(client.last()).not.toContain('[DONE]')
    })

    test.each(['flood', 'gzip'])(
      'the connection of a stream that nobody reads is closed within a second: %s',
      async (model) => {
        const { token, id } = await mint()
        const client = callSlowly(token, model)
        await expect.poll(client.received, { timeout: 10_000 }).toBeGreaterThan(0)
        client.socket.pause()
        // Until what the machine keeps for a reader is full.
        await wait(2500)
        await end(token)
        await lineOf(id)
        await wait(1000)
        client.socket.resume()
        await withinASecond(client.closed)
        // Its last words were still waiting when the connection was closed.
        expect(client.last()).not.toContain('caller_revoked')
      },
      20_000,
    )

    test.each(['user', 'team'] as const)('all calls of a %s end, and those of nobody else', async (kind) => {
      const name = `those of ${kind}`
      const bindings = kind === 'team' ? { user: 'eve' } : { user: name }
      // A team without a key of its own is refused, so what is revoked is the team that has one, behind one door at a time.
      const mine = await Promise.all([1, 2, 3].map(() => mint(kind === 'team' ? { ...bindings, team: 'globex' } : bindings)))
      const other = await mint({ user: 'bob' })
      const [ofMine, ofOther, ofService] = [
        await Promise.all(mine.map(({ token }) => call(token, 'stream'))),
        await call(other.token, 'stream'),
        await call(open().callers[kind === 'team' ? 'globex' : 'acme'], 'stream'),
      ] as const
      const reads = Promise.all(ofMine.map(readToItsEnd))
      await open().runtime.revocations.revoke(kind, kind === 'team' ? 'globex' : name)
      for (const { text, isCut } of await withinASecond(reads)) {
        expect(text).toContain('"code":"caller_revoked"')
        expect(isCut).toBe(true)
      }
      gateway.finish()
      for (const answer of [ofOther, ofService]) {
        const { text, isCut } = await readToItsEnd(answer)
        expect(text).toMatch(/"finish":"complete"[^]*\[DONE\]/)
        expect(isCut).toBe(false)
      }
    })

    describe('@postern/client', () => {
      async function openClient() {
        const { token } = await mint()
        const give = vi.fn(() => mint().then((next) => next.token)).mockResolvedValueOnce(token)
        const postern = createPostern({ url: `${open().origin}/ai`, token: give })
        return { token, give, openai: postern.openai() }
      }

      test('says of a stream how it ended and what had come, and asks for another token with the next call', async () => {
        const { token, give, openai } = await openClient()
        const seen = gateway.seen.length
        const stream = await openai.chat.completions.create({ model: 'stream', messages, stream: true })
        const read = (async () => {
          for await (const _ of stream);
        })().catch((error: unknown) => error)
        await end(token)
        expect(await withinASecond(read)).toMatchObject({
          name: 'PosternStreamError',
          finish: 'cut_revoked',
          received: 'begun',
          message: expect.stringContaining('its session was revoked'),
          cause: { code: 'caller_revoked' },
        })
        expect([give.mock.calls.length, gateway.seen.length - seen]).toEqual([1, 1])
      })

      test('does not repeat a call that was refused under way, which may have been billed', async () => {
        const { token, give, openai } = await openClient()
        const seen = gateway.seen.length
        const asked = openai.chat.completions.create({ model: 'json', messages }).catch((error: unknown) => error as ApiError)
        await seenOnce('json', seen)
        await end(token)
        expect(await withinASecond(asked)).toMatchObject({ status: 401, code: 'caller_revoked' })
        expect([give.mock.calls.length, gateway.seen.length - seen]).toEqual([1, 1])
        const next = await openai.chat.completions.create({ model: 'stream', messages, stream: true })
        expect(give).toHaveBeenCalledTimes(2)
        next.controller.abort()
      })
    })
  },
)
