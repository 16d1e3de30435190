import { request } from 'node:http'
import { EMULATED_GATEWAYS, type Emulator } from '@postern/emulator'
import { describe, expect, test } from 'vitest'
import { KEYS, MODELS, chat, emulate, events, goodHeaders, json, textOf } from './support.js'

/** The answer to a streamed call as it comes off the wire, piece by piece. */
function rawPieces(emulator: Emulator, model: string): Promise<{ pieces: Buffer[]; failed: boolean }> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    const call = request(`${emulator.baseURL}/chat/completions`, { method: 'POST', headers: goodHeaders(emulator.gateway) }, (response) => {
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.once('error', () => resolve({ pieces, failed: true }))
      response.once('end', () => resolve({ pieces, failed: false }))
    })
    call.end(JSON.stringify({ model, messages: [{ role: 'user', content: 'good morning' }], stream: true }))
  })
}

describe.each(EMULATED_GATEWAYS)('%s', (gateway) => {
  test('never answers in the case hang', async () => {
    const emulator = await emulate(gateway)
    const leaving = new AbortController()
    const answer = chat(emulator, { model: 'emulate/hang', signal: leaving.signal })
    // From its arrival on, which a busy machine puts off.
    await expect.poll(() => emulator.seen.length).toBe(1)
    setTimeout(() => leaving.abort(), 100)
    await expect(answer).rejects.toThrow()
    await emulator.seen[0]?.ended
    expect(emulator.seen[0]?.status).toBeUndefined()
    expect(emulator.seen[0]?.abandonedAfterMs).toBeGreaterThan(50)
  })

  test('falls silent after the first event in the case hang-stream', async () => {
    const response = await chat(await emulate(gateway), { model: 'emulate/hang-stream', stream: true, signal: AbortSignal.timeout(300) })
    const reader = response.body?.getReader()
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0)
    await expect(reader?.read()).rejects.toThrow()
  })

  test('drops the connection in the case cut-stream, for a stream and for a body', async () => {
    const emulator = await emulate(gateway)
    const { pieces, failed } = await rawPieces(emulator, 'emulate/cut-stream')
    expect(failed).toBe(true)
    expect(Buffer.concat(pieces).toString()).toMatch(/^data: /)
    await expect((await chat(emulator, { model: 'emulate/cut-stream' })).text()).rejects.toThrow()
    expect(emulator.seen[0]?.abandonedAfterMs).toBeUndefined()
  })

  test('leaves out the closing record in the case end-without-done', async () => {
    const records = await events(chat(await emulate(gateway), { model: 'emulate/end-without-done', stream: true }))
    expect(textOf(records)).toBe('You said: good morning')
    expect(records).not.toContain('[DONE]')
  })

  test('breaks events into seven bytes in the case split-events', async () => {
    const { pieces } = await rawPieces(await emulate(gateway), 'emulate/split-events')
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(7)
    expect(Buffer.concat(pieces).toString()).toContain('data: [DONE]\n\n')
  })

  test('ends lines with CR LF in the case crlf-events', async () => {
    const text = await (await chat(await emulate(gateway), { model: 'emulate/crlf-events', stream: true })).text()
    expect(text.endsWith('data: [DONE]\r\n\r\n')).toBe(true)
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
  })

  test('sends pages, broken JSON and very long answers when asked', async () => {
    const emulator = await emulate(gateway)
    const page = await chat(emulator, { model: 'emulate/html' })
    expect(page.headers.get('content-type')).toContain('text/html')
    const broken = await chat(emulator, { model: 'emulate/not-json' })
    expect(broken.headers.get('content-type')).toBe('application/json')
    await expect(broken.json()).rejects.toThrow(SyntaxError)
    const big = await (await chat(emulator, { model: 'emulate/big' })).text()
    expect(big.length).toBeGreaterThanOrEqual(3 * 1024 * 1024)
    expect(JSON.parse(big).choices[0].message.content).toHaveLength(3 * 1024 * 1024)
  })

  test('redirects to a place that records what arrives', async () => {
    const emulator = await emulate(gateway)
    const response = await chat(emulator, { model: 'emulate/redirect' })
    const location = response.headers.get('location') ?? ''
    expect(location).toBe(`${emulator.origin}/stolen`)
    await fetch(location, { method: 'POST', headers: goodHeaders(gateway), body: 'loot' })
    expect(emulator.seen[1]).toMatchObject({ url: '/stolen', status: 200, body: Buffer.from('loot') })
    expect(emulator.seen[1]?.credentials).toContainEqual({ where: 'header authorization', value: KEYS[gateway].secret })
  })

  test('gives the key away in text, header, stream and error when asked', async () => {
    const emulator = await emulate(gateway)
    const { secret } = KEYS[gateway]
    const answer = await chat(emulator, { model: 'emulate/echo-key' })
    expect(answer.headers.get('authorization')).toContain(secret)
    expect((await json(answer)).choices[0].message.content).toContain(secret)
    expect(textOf(await events(chat(emulator, { model: 'emulate/echo-key', stream: true })))).toContain(secret)
    const split = await (await chat(emulator, { model: 'emulate/echo-key-split', stream: true })).text()
    expect(split).not.toContain(secret)
    expect(textOf(await events(chat(emulator, { model: 'emulate/echo-key-split', stream: true })))).toContain(secret)
    const error = await chat(emulator, { model: 'emulate/echo-key-error' })
    expect([error.status, await error.text()]).toEqual([400, expect.stringContaining(secret)])
  })

  test('adds headers nobody should pass on when asked', async () => {
    const emulator = await emulate(gateway)
    const response = await chat(emulator, { model: 'emulate/set-cookie' })
    expect(response.headers.getSetCookie()).toHaveLength(2)
    expect(response.headers.get('x-secret-hop')).toBeTruthy()
    expect(response.headers.get('connection')).toBe('x-secret-hop')
    expect(response.headers.get('alt-svc')).toContain('h3')
    expect(response.headers.get('proxy-authenticate')).toContain('Basic')
    expect((await json(response)).choices[0].message.content).toContain('You said')
    expect((await chat(emulator, { model: 'emulate/request-id' })).headers.get('x-request-id')).toBe('gateway-000002')
  })

  test('waits for a client that reads slowly', async () => {
    const emulator = await emulate(gateway)
    const response = await chat(emulator, { model: 'emulate/big', stream: true })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(textOf(await events(response))).toHaveLength(3 * 1024 * 1024)
  })

  test('records headers raw and in order, body and JSON', async () => {
    const emulator = await emulate(gateway)
    await new Promise<void>((resolve) => {
      const headers = { ...goodHeaders(gateway), 'X-Mixed-Case': 'one', Accept: '*/*' }
      const call = request(`${emulator.baseURL}/chat/completions?a=1`, { method: 'POST', headers }, (response) => {
        response.resume().once('end', resolve)
      })
      call.end(JSON.stringify({ model: MODELS[gateway], messages: [] }))
    })
    const seen = emulator.seen[0]
    expect(seen?.headers.map(([name]) => name)).toEqual(expect.arrayContaining(['authorization', 'X-Mixed-Case', 'Accept']))
    expect(seen?.url).toContain('?a=1')
    expect(seen?.json).toEqual({ model: MODELS[gateway], messages: [] })
    expect(JSON.parse(seen?.body.toString() ?? '')).toEqual(seen?.json)
  })

  test('refuses unknown routes', async () => {
    const emulator = await emulate(gateway)
    const response = await fetch(`${emulator.baseURL}/nowhere`, { method: 'POST', headers: goodHeaders(gateway), body: '{}' })
    expect(response.status).toBe(404)
  })

  test('frees its port and drops its clients when closed', async () => {
    const emulator = await emulate(gateway)
    const hanging = chat(emulator, { model: 'emulate/hang' }).catch((error: unknown) => error)
    await expect.poll(() => emulator.seen.length).toBe(1)
    await emulator.close()
    expect(await hanging).toBeInstanceOf(Error)
    await expect(chat(emulator)).rejects.toThrow()
    expect(emulator.seen[0]?.abandonedAfterMs).toBeUndefined()
  })
})

test('every gateway takes its time over about fifty events in the case slow-stream', async () => {
  const started = Date.now()
  await Promise.all(
    EMULATED_GATEWAYS.map(async (gateway) => {
      const records = await events(chat(await emulate(gateway), { model: 'emulate/slow-stream', stream: true }))
      expect(records.length).toBeGreaterThanOrEqual(49)
    }),
  )
  expect(Date.now() - started).toBeGreaterThan(4500)
})

test.each(EMULATED_GATEWAYS)('%s outlives strange request lines', async (gateway) => {
  const emulator = await emulate(gateway)
  const { port } = new URL(emulator.origin)
  for (const path of ['//', '//x:y@/v1', '/%', '/v1/chat/completions?%%%=%', 'http://elsewhere.invalid/v1', '*']) {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: 'a b' }
      request({ port, path, method: 'OPTIONS', headers }, (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end()
    })
    expect(status).toBeGreaterThanOrEqual(400)
  }
  expect((await chat(emulator)).status).toBe(200)
})
