import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import { createPostern } from '@postern/client'
import { afterEach, describe, expect, test } from 'vitest'
import { startScriptedUpstream, type Script, type ScriptedUpstream } from '../support/scripted-upstream.js'
import { doorNames, type House, openHouse } from '../support/house.js'

const chat = `data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n`
const done = 'data: [DONE]\n\n'
const responses = ['response.created', 'response.completed']
  .map((type) => `event: ${type}\ndata: {"type":"${type}","response":{"id":"r","model":"m","output":[]}}\n\n`)
  .join('')

/** How gateways pack a stream, with the bytes of its end that nobody needs who has read the mark. */
const packings: readonly [coding: string, pack: (text: string) => Buffer, trailer: number][] = [
  ['gzip', (text) => gzipSync(text), 8],
  ['deflate', (text) => deflateSync(text), 4],
  ['br', (text) => brotliCompressSync(text), 1],
]

const chunked = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

function stream(coding: string | undefined, body: Buffer, end: 'clean' | 'no last chunk' | 'reset'): Script {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${coding === undefined ? '' : `Content-Encoding: ${coding}\r\n`}Transfer-Encoding: chunked\r\n\r\n`
  return (socket) => {
    socket.write(Buffer.concat([Buffer.from(head), chunked(body), Buffer.from(end === 'clean' ? '0\r\n\r\n' : '')]))
    if (end === 'no last chunk') setTimeout(() => socket.end(), 30)
    if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), 30)
  }
}

describe.each(doorNames)('a stream of which all has come, behind the %s door', (door) => {
  let house: House
  let upstream: ScriptedUpstream
  afterEach(async () => {
    await house.close()
    await upstream.close()
  })

  async function ask(script: Script, form: 'chat' | 'responses' = 'chat') {
    upstream = await startScriptedUpstream(() => script)
    house = await openHouse({ door, config: { gateways: { main: { dialect: 'openai', baseURL: `${upstream.origin}/v1`, attempts: 1 } } } })
    const token = async () => (await house.minter.mint({ user: 'ada', team: 'acme' })).token
    const openai = createPostern({ url: `${house.origin}/ai`, token }).openai({ maxRetries: 0 })
    let text = ''
    let last: string | undefined
    if (form === 'chat') {
      const answer = await openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
      for await (const chunk of answer) text += chunk.choices[0]?.delta.content ?? ''
    } else for await (const event of await openai.responses.create({ model: 'm', input: 'Hi', stream: true })) last = event.type
    await expect.poll(() => house.ledger.entries).toHaveLength(1)
    return { text, last, entry: house.ledger.entries[0] }
  }

  test.each(packings)('is whole in the client where the gateway packs it with %s', async (coding, pack) => {
    expect(await ask(stream(coding, pack(chat + done), 'clean'))).toMatchObject({ text: 'Hello', entry: { finish: 'complete' } })
  })

  test.each(packings)('is whole where its packing with %s has no end', async (coding, pack, trailer) => {
    const packed = pack(`${chat}: ${'filling '.repeat(2000)}\n\n${done}`)
    const open = packed.subarray(0, packed.length - trailer)
    // What is cut off of brotli may hold the mark itself; then nobody has seen it.
    const asked = ask(stream(coding, coding === 'br' ? packed : open, coding === 'br' ? 'no last chunk' : 'clean'))
    expect(await asked).toMatchObject({ text: 'Hello', entry: { finish: 'complete' } })
  })

  test.each([gzipSync, deflateSync])('is whole where its packing was flushed behind the mark, and never ended: %#', async (pack) => {
    const open = pack(chat + done, { finishFlush: constants.Z_SYNC_FLUSH })
    const coding = pack === gzipSync ? 'gzip' : 'deflate'
    expect(await ask(stream(coding, open, 'clean'))).toMatchObject({ text: 'Hello', entry: { finish: 'complete' } })
  })

  test.each([
    ['the data miss their last byte', (packed: Buffer) => packed.subarray(0, -9)],
    ['the checksum is another', (packed: Buffer) => Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 0x55)])],
  ])('does not end well, whatever mark was seen, where %s', async (_, spoil) => {
    const packed = spoil(gzipSync(chat + done))
    await ask(stream('gzip', packed, 'clean')).catch(() => {})
    await expect.poll(() => house.ledger.entries.at(-1)?.finish).toMatch(/^(?:truncated|upstream_error)$/)
  })

  test.each(['no last chunk', 'reset'] as const)('is whole where its connection ends badly behind the mark: %s', async (end) => {
    expect(await ask(stream(undefined, Buffer.from(chat + done), end))).toMatchObject({ text: 'Hello', entry: { finish: 'complete' } })
  })

  test.each(['no last chunk', 'reset'] as const)('is whole behind the last event of a response: %s', async (end) => {
    expect(await ask(stream(undefined, Buffer.from(responses), end), 'responses')).toMatchObject({
      last: 'response.completed',
      entry: { finish: 'complete' },
    })
  })

  test.each(['no last chunk', 'reset'] as const)('is not whole before the mark: %s', async (end) => {
    await expect(ask(stream(undefined, Buffer.from(chat), end))).rejects.toMatchObject({ finish: 'truncated' })
  })

  test('is not whole where its packing ends before the mark', async () => {
    const packed = gzipSync(chat + done)
    await expect(ask(stream('gzip', packed.subarray(0, packed.length - 14), 'clean'))).rejects.toThrow()
  })
})
