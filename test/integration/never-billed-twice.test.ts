import { once } from 'node:events'
import type { LedgerEntry } from '@postern/ports'
import OpenAI from 'openai'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { plainCompletion } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions } from '../support/house.js'
import {
  answerWhole,
  beginStream,
  chatEvent,
  chatUnderKey,
  endOfChat,
  openBefore,
  startTakenGateway,
  type TakenGateway,
} from '../support/taken-gateway.js'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close()
})

async function openAll(options: HouseOptions = {}): Promise<{ readonly gateway: TakenGateway; readonly house: House }> {
  const gateway = await startTakenGateway()
  open.push(gateway)
  const house = await openBefore(gateway, options)
  open.push(house)
  return { gateway, house }
}

const stream = { body: { stream: true } }

const errorOf = async (answer: Response): Promise<{ readonly code: string; readonly message: string }> =>
  ((await answer.json()) as { error: { code: string; message: string } }).error

/** The entries of the ledger, once there are so many. */
const entriesOf = (house: House, count: number): Promise<readonly LedgerEntry[]> =>
  vi.waitFor(() => {
    expect(house.ledger.entries).toHaveLength(count)
    return house.ledger.entries
  })

/** Repeats a call until it is sent to the gateway. */
async function untilSent(gateway: TakenGateway, call: () => Promise<Response>): Promise<void> {
  const before = gateway.seen.length
  await vi.waitFor(
    async () => {
      const asking = call()
      await Promise.race([asking, gateway.next().then((response) => answerWhole(response))])
      await asking
      expect(gateway.seen.length).toBeGreaterThan(before)
    },
    { timeout: 15_000 },
  )
}

describe.each(doorNames)('a call with an Idempotency-Key, behind the %s door,', (door) => {
  test('that is repeated gets the finished answer of the first, which is sent, counted and booked once', async () => {
    const { gateway, house } = await openAll({ door, config: { limits: { rules: [{ name: 'two', requests: 2 }] } } })
    const asking = chatUnderKey(house)
    answerWhole(await gateway.next())
    const first = await asking
    const again = await chatUnderKey(house)
    expect(await again.text()).toBe(await first.text())
    expect(again.status).toBe(200)
    expect(again.headers.get('x-request-id')).toBe(first.headers.get('x-request-id'))
    expect(again.headers.get('postern-governance')).toBe(first.headers.get('postern-governance'))
    expect(gateway.seen).toHaveLength(1)
    const [entry, joined] = await entriesOf(house, 2)
    expect(entry).toMatchObject({ attempt: 1, finish: 'complete', joined: undefined, request_id: first.headers.get('x-request-id') })
    expect(joined).toMatchObject({ attempt: 0, finish: 'complete', joined: entry?.request_id, usage: undefined, cost: undefined })
    expect(joined?.request_id).not.toBe(entry?.request_id)
    // The second of two requests is left: the repeat did not use it.
    const other = house.chat()
    answerWhole(await gateway.next())
    expect((await other).status).toBe(200)
  })

  test('that is repeated while it runs joins it', async () => {
    const { gateway, house } = await openAll({ door })
    const asking = chatUnderKey(house)
    const response = await gateway.next()
    const joining = chatUnderKey(house)
    answerWhole(response)
    const [first, joined] = await Promise.all([asking, joining])
    expect(await joined.text()).toBe(await first.text())
    expect(gateway.seen).toHaveLength(1)
  })

  test('whose stream is left in the middle goes on, and its repeat gets every byte from the beginning, with the record', async () => {
    const { gateway, house } = await openAll({ door })
    const leaving = new AbortController()
    const asking = chatUnderKey(house, { ...stream, signal: leaving.signal })
    const response = await gateway.next()
    beginStream(response, 'a', 'b')
    await (await asking).body?.getReader().read()
    leaving.abort()
    const again = await chatUnderKey(house, stream)
    const reader = (again.body as ReadableStream<Uint8Array>).getReader()
    let text = Buffer.from((await reader.read()).value ?? []).toString()
    expect(text).toContain(chatEvent('a'))
    response.end(chatEvent('c') + endOfChat)
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += Buffer.from(piece.value).toString()
    const record = /: postern (\{.*\})\n\n/.exec(text) as RegExpExecArray
    expect(text.replace(record[0], '')).toBe(['a', 'b', 'c'].map(chatEvent).join('') + endOfChat)
    expect(JSON.parse(record[1] as string)).toMatchObject({ finish: 'complete', request_id: again.headers.get('x-request-id') })
    // And again, when it is over.
    expect(await (await chatUnderKey(house, stream)).text()).toBe(text)
    expect(gateway.seen).toHaveLength(1)
    const entries = await entriesOf(house, 3)
    expect(entries.filter(({ attempt }) => attempt > 0)).toMatchObject([{ finish: 'complete', status: 200 }])
  })

  test('is paid once although the openai client gives up waiting and tries again by itself', async () => {
    const { gateway, house } = await openAll({ door })
    let attempts = 0
    const client = new OpenAI({
      apiKey: house.callers.acme,
      baseURL: house.baseURL,
      timeout: 150,
      maxRetries: 8,
      fetch: (...request) => {
        attempts += 1
        return fetch(...request)
      },
    })
    const asking = client.chat.completions.create(
      { model: house.model, messages: [{ role: 'user', content: 'Hello' }] },
      { headers: { 'Idempotency-Key': 'of-the-client' } },
    )
    const response = await gateway.next()
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(1), { timeout: 10_000 })
    answerWhole(response)
    expect((await asking).choices[0]?.message.content).toBe('Hello')
    expect(gateway.seen).toHaveLength(1)
    expect(house.ledger.entries.filter(({ attempt }) => attempt > 0)).toHaveLength(1)
  })

  test('is refused if the key is that of another request, by its body, path, query or type', async () => {
    const { gateway, house } = await openAll({ door })
    const asking = chatUnderKey(house)
    answerWhole(await gateway.next())
    const id = (await asking).headers.get('x-request-id') as string
    const ask = (path: string, body: string, type = 'application/json') =>
      fetch(`${house.baseURL}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': type, 'idempotency-key': 'key-1' },
        body,
      })
    const body = JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'Hello' }] })
    expect((await ask('chat/completions', body)).status).toBe(200)
    for (const refused of [
      await chatUnderKey(house, { prompt: 'Other' }),
      await ask('chat/completions', `${body} `),
      await ask('chat/completions?a=b', body),
      await ask('completions', body),
      await ask('chat/completions', body, 'application/json; charset=utf-8'),
    ]) {
      expect([refused.status, refused.headers.get('x-should-retry'), refused.headers.get('retry-after')]).toEqual([409, 'false', null])
      expect(await errorOf(refused)).toMatchObject({ code: 'idempotency_conflict', message: expect.stringContaining(id) })
    }
    expect(gateway.seen).toHaveLength(1)
  })

  test('is refused if the key has another form, and an empty key is none', async () => {
    const { gateway, house } = await openAll({ door })
    for (const key of ['x'.repeat(256), 'with blank', 'ü']) {
      const refused = await chatUnderKey(house, {}, key)
      expect([refused.status, (await errorOf(refused)).code]).toEqual([400, 'request_malformed'])
    }
    for (let call = 0; call < 2; call += 1) {
      const asking = chatUnderKey(house, {}, '')
      answerWhole(await gateway.next())
      expect((await asking).status).toBe(200)
    }
    expect(gateway.seen).toHaveLength(2)
  })

  test('is not remembered if Postern itself refused it', async () => {
    const { gateway, house } = await openAll({ door, config: { limits: { rules: [{ name: 'one', each: 'user', streams: 1 }] } } })
    const running = house.chat(stream)
    const response = await gateway.next()
    beginStream(response, 'a')
    const refused = await chatUnderKey(house, stream)
    expect((await errorOf(refused)).code).toBe('too_many_streams')
    response.end(endOfChat)
    await (await running).text()
    const asking = chatUnderKey(house, stream)
    const second = await gateway.next()
    beginStream(second, 'b')
    second.end(endOfChat)
    expect(await (await asking).text()).toContain(chatEvent('b'))
  })

  test('may be tried again after a failure that a retry can mend, and a call that joined is told the same', async () => {
    const { gateway, house } = await openAll({ door })
    const asking = chatUnderKey(house)
    const response = await gateway.next()
    const joining = chatUnderKey(house)
    await vi.waitFor(() => expect(house.runtime.underWay.count).toBe(2))
    response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":{"message":"slow down"}}')
    expect(await Promise.all([asking, joining].map(async (each) => (await each).status))).toEqual([429, 429])
    const again = chatUnderKey(house)
    answerWhole(await gateway.next())
    expect((await again).status).toBe(200)
    expect(gateway.seen).toHaveLength(2)
  })

  test('is not sent again if the gateway broke off after it had the request, since it may have been billed', async () => {
    const { gateway, house } = await openAll({ door })
    const asking = chatUnderKey(house)
    ;(await gateway.next()).destroy()
    const failed = await asking
    expect([failed.status >= 500, failed.headers.get('x-should-retry')]).toEqual([true, 'false'])
    const again = await chatUnderKey(house)
    expect([again.status, again.headers.get('x-should-retry'), again.headers.get('retry-after')]).toEqual([409, 'false', '5'])
    expect((await errorOf(again)).message).toContain(failed.headers.get('x-request-id'))
    expect(gateway.seen).toHaveLength(1)
  })

  test('whose stream breaks off is cut for everybody who joined, and is not sent again', async () => {
    const { gateway, house } = await openAll({ door })
    const asking = chatUnderKey(house, stream)
    const response = await gateway.next()
    beginStream(response, 'a')
    const first = await asking
    const joined = await chatUnderKey(house, stream)
    response.destroy()
    await expect(first.text()).rejects.toThrow()
    await expect(joined.text()).rejects.toThrow()
    const again = await chatUnderKey(house, stream)
    expect([again.status, (await errorOf(again)).code]).toEqual([409, 'idempotency_conflict'])
    expect(await entriesOf(house, 3)).toMatchObject([{ finish: 'truncated' }, { finish: 'truncated' }, { finish: 'refused' }])
  })

  test('goes on without a client for a while only, and then ends at the gateway', async () => {
    const { gateway, house } = await openAll({ door, joining: { graceMs: 100 } })
    const leaving = new AbortController()
    const asking = chatUnderKey(house, { ...stream, signal: leaving.signal })
    const response = await gateway.next()
    const left = once(response, 'close')
    beginStream(response, 'a')
    await (await asking).body?.getReader().read()
    leaving.abort()
    await left
    expect(await house.ledger.entry(() => true)).toMatchObject({ finish: 'client_closed', attempt: 1 })
    expect((await chatUnderKey(house, stream)).status).toBe(409)
    expect(gateway.seen).toHaveLength(1)
  })

  test.each([
    ['before the time that it waits', false],
    ['after the answer has begun', true],
  ])('ends at once where its client leaves %s, since its user has cancelled, and the key is free', async (_, hasBegun) => {
    const { gateway, house } = await openAll({ door })
    const leaving = new AbortController()
    const headers = { 'x-stainless-timeout': '600' }
    const asking = chatUnderKey(house, { ...stream, headers, signal: leaving.signal })
    asking.catch(() => {})
    const atGateway = await gateway.next()
    const ended = once(atGateway, 'close')
    if (hasBegun) {
      beginStream(atGateway, 'a')
      await (await asking).body?.getReader().read()
    }
    leaving.abort()
    await ended
    await entriesOf(house, 1)
    await untilSent(gateway, () => chatUnderKey(house))
  })

  test('without a key ends at the gateway as soon as its client leaves', async () => {
    const { gateway, house } = await openAll({ door })
    const leaving = new AbortController()
    const asking = house.chat({ ...stream, signal: leaving.signal })
    const response = await gateway.next()
    const left = once(response, 'close')
    beginStream(response, 'a')
    await (await asking).body?.getReader().read()
    leaving.abort()
    await left
    expect(await house.ledger.entry(() => true)).toMatchObject({ finish: 'client_closed' })
  })

  test('whose answer is larger than is kept passes whole, and its repeat is refused', async () => {
    const { gateway, house } = await openAll({ door, joining: { answerBytes: 2000 } })
    const asking = chatUnderKey(house, stream)
    const response = await gateway.next()
    const contents = Array.from({ length: 50 }, (_, index) => `${index} ${'x'.repeat(100)}`)
    beginStream(response, ...contents)
    const first = await asking
    const reader = (first.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    while (!text.includes('49 ')) text += Buffer.from((await reader.read()).value as Uint8Array).toString()
    const refused = await chatUnderKey(house, stream)
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-should-retry')]).toEqual([409, null, 'false'])
    response.end(endOfChat)
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += Buffer.from(piece.value).toString()
    expect(text).toContain(contents.map(chatEvent).join(''))
    expect((await chatUnderKey(house, stream)).status).toBe(409)
    expect(gateway.seen).toHaveLength(1)
  })

  test('is forgotten some time after its end, and the key is free for another call', async () => {
    const { gateway, house } = await openAll({ door, joining: { keptMs: 400 } })
    const asking = chatUnderKey(house)
    answerWhole(await gateway.next())
    await asking
    expect((await chatUnderKey(house)).status).toBe(200)
    expect(gateway.seen).toHaveLength(1)
    await untilSent(gateway, () => chatUnderKey(house))
  })

  test('with a form is not sent again under its key, although no client can repeat it byte for byte', async () => {
    const { gateway, house } = await openAll({ door })
    const send = () => {
      const body = new FormData()
      body.set('model', 'whisper-1')
      body.set('file', new Blob(['sound']), 'sound.wav')
      return fetch(`${house.baseURL}/audio/transcriptions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${house.callers.acme}`, 'idempotency-key': 'form' },
        body,
      })
    }
    const asking = send()
    answerWhole(await gateway.next(), '{"text":"words"}')
    expect((await asking).status).toBe(200)
    expect((await send()).status).toBe(409)
    expect(gateway.seen).toHaveLength(1)
  })

  test('that only reads is sent each time', async () => {
    const { gateway, house } = await openAll({ door })
    for (let call = 0; call < 2; call += 1) {
      const asking = fetch(`${house.baseURL}/models`, {
        headers: { authorization: `Bearer ${house.callers.acme}`, 'idempotency-key': 'list' },
      })
      answerWhole(await gateway.next(), '{"object":"list","data":[]}')
      expect((await asking).status).toBe(200)
    }
    expect(gateway.seen).toHaveLength(2)
  })
})

test('a thousand calls join one stream, and each gets all of it', { timeout: 60_000 }, async () => {
  const connections = { perAddress: 5000, underWay: 5000 }
  const { gateway, house } = await openAll({ config: { connections } })
  const asking = chatUnderKey(house, stream)
  const response = await gateway.next()
  beginStream(response, 'a')
  const first = await asking
  const joined = await Promise.all(Array.from({ length: 1000 }, () => chatUnderKey(house, stream)))
  response.end(chatEvent('b') + endOfChat)
  const whole = await first.text()
  const texts = new Set(await Promise.all(joined.map((each) => each.text())))
  expect([...texts]).toEqual([whole])
  expect(gateway.seen).toHaveLength(1)
  const entries = await entriesOf(house, 1001)
  expect(entries.filter((entry) => entry.joined === undefined)).toHaveLength(1)
})

test('a client that joined and does not read slows nobody: the first gets its answer as it comes', async () => {
  const { gateway, house } = await openAll({ joining: { answerBytes: 64 * 1024 * 1024, callerBytes: 64 * 1024 * 1024 } })
  const asking = chatUnderKey(house, stream)
  const response = await gateway.next()
  beginStream(response, 'a')
  const first = await asking
  const idle = await chatUnderKey(house, stream)
  const large = chatEvent('x'.repeat(100_000))
  for (let count = 0; count < 200; count += 1) response.write(large)
  response.end(endOfChat)
  const text = await first.text()
  expect(text.length).toBeGreaterThan(20_000_000)
  // And what it had not read yet is there when it reads.
  expect(await idle.text()).toBe(text)
})

test('a client that joined and is further behind than the bound sees its answer cut', async () => {
  const { gateway, house } = await openAll({ joining: { answerBytes: 1_000_000 } })
  const asking = chatUnderKey(house, stream)
  const response = await gateway.next()
  beginStream(response, 'a')
  const first = await asking
  const idle = await chatUnderKey(house, stream)
  const large = chatEvent('x'.repeat(100_000))
  for (let count = 0; count < 300; count += 1) response.write(large)
  response.end(endOfChat)
  expect((await first.text()).endsWith('data: [DONE]\n\n')).toBe(true)
  await expect(idle.text()).rejects.toThrow()
})

test('the answer is that of the first call although it is repeated under a renewed session', async () => {
  const { gateway, house } = await openAll()
  const mint = async () => (await house.minter.mint({ user: 'u_7', team: 'acme' })).token
  const asking = chatUnderKey(house, { credential: await mint() })
  answerWhole(await gateway.next())
  expect(await (await asking).text()).toBe(plainCompletion)
  expect(await (await chatUnderKey(house, { credential: await mint() })).text()).toBe(plainCompletion)
  expect(gateway.seen).toHaveLength(1)
})

test('a call that joined ends when its own session is revoked, and the first goes on', async () => {
  const { gateway, house } = await openAll()
  const mint = async () => (await house.minter.mint({ user: 'u_7', team: 'acme' })).token
  const [one, other] = [await mint(), await mint()]
  const asking = chatUnderKey(house, { ...stream, credential: one })
  const response = await gateway.next()
  beginStream(response, 'a')
  const first = await asking
  const joined = await chatUnderKey(house, { ...stream, credential: other })
  const { jti } = JSON.parse(Buffer.from(other.split('.')[1] as string, 'base64url').toString()) as { jti: string }
  await house.runtime.revocations.revoke('id', jti)
  await expect(joined.text()).rejects.toThrow()
  response.end(endOfChat)
  expect(await first.text()).toContain('"finish":"complete"')
  expect(await entriesOf(house, 2)).toMatchObject([{ code: 'caller_revoked', finish: 'truncated' }, { finish: 'complete' }])
})
