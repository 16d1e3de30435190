import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { boundTinyChunks } from '../../packages/instance/src/connections/tiny-chunks.js'
import { forEachDoor } from '../support/for-each-door.js'

const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const oneByOne = (text: string): string => Array.from(text, chunkOf).join('')

/** Sends a request with a chunked body, all of it in one write, and gives what is answered until the connection ends. */
function send(origin: string, path: string, headers: readonly string[], chunks: string, type = 'application/json'): Promise<string> {
  const { hostname, port, host } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const head = [`POST ${path} HTTP/1.1`, `Host: ${host}`, `Content-Type: ${type}`, 'Connection: close', 'Transfer-Encoding: chunked']
  socket.write(`${[...head, ...headers].join('\r\n')}\r\n\r\n${chunks}0\r\n\r\n`)
  return new Promise((whole) => {
    let text = ''
    socket.on('data', (piece: Buffer) => (text += piece.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => whole(text))
  })
}

describe('chunks-of-one-byte', () => {
  let refusals = 0
  const pieces: Buffer[] = []
  const server = createServer((request: IncomingMessage, response) => {
    boundTinyChunks(request, () => {
      refusals += 1
      response.writeHead(400, { connection: 'close' }).end()
    })
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => response.end('whole'))
  })
  let origin = ''
  beforeAll(async () => {
    await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test.each([
    ['one byte each', (text: string) => oneByOne(text)],
    [
      'one byte each around a large one',
      (text: string) => oneByOne(text.slice(0, 900)) + chunkOf(text.slice(900, 2000)) + oneByOne(text.slice(2000)),
    ],
    [
      'sizes on both sides of the bound',
      (text: string) => [0, 63, 127, 192, 255].map((at, index, all) => chunkOf(text.slice(at, all[index + 1]))).join(''),
    ],
  ])('are given together, in their order: %s', async (_, spell) => {
    pieces.length = 0
    const text = Array.from({ length: 3000 }, (__, index) => String.fromCharCode(97 + (index % 26))).join('')
    expect(await send(origin, '/', [], spell(text))).toMatch(/^HTTP\/1\.1 200[\s\S]*whole/)
    expect(Buffer.concat(pieces).toString()).toBe(text)
    expect(pieces.length).toBeLessThan(20)
  })

  test.each([
    ['small', () => 64],
    ['small with a large one now and then', (index: number) => (index % 200 === 0 ? 1500 : 64)],
  ])('are read in turns where they are %s and many: in one turn of the event loop no more than of a few requests', async (_, sizeOf) => {
    pieces.length = 0
    const sizes = Array.from({ length: 20_000 }, (__, index) => sizeOf(index))
    const body = sizes.map((size) => chunkOf('z'.repeat(size))).join('')
    const turns = [0]
    let [looked, isOver] = [0, false]
    const look = (): void => {
      turns.push(pieces.slice(looked).reduce((sum, { length }) => sum + length, 0))
      looked = pieces.length
      if (!isOver) setImmediate(look)
    }
    look()
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(origin, '/', [], body)))
    isOver = true
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200[\s\S]*whole/)
    expect(Buffer.concat(pieces).length).toBe(8 * sizes.reduce((sum, size) => sum + size, 0))
    // Node reads 64 KiB of a socket at once.
    expect(Math.max(...turns)).toBeLessThan(8 * 65_536)
  })

  test.each([100, 500, 1000, 1500])('of %i bytes that come at a gentle pace are not read while nobody takes them', async (size) => {
    let request: IncomingMessage | undefined
    const silent = createServer((asked: IncomingMessage, response) => {
      request = asked
      boundTinyChunks(asked, () => response.destroy())
      asked.on('end', () => response.end('whole'))
    })
    await new Promise<void>((listens) => silent.listen(0, '127.0.0.1', listens))
    const client = connect((silent.address() as AddressInfo).port, '127.0.0.1')
    const answer = new Promise<string>((heard) => client.once('data', (piece: Buffer) => heard(piece.toString())))
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    const some = chunkOf('z'.repeat(size)).repeat(40)
    // What the buffers of the system do not take any more waits in the client.
    let sent = 0
    for (; client.writableLength < 1_000_000 && sent < 60_000_000; sent += some.length) {
      client.write(some)
      await sleep(1)
    }
    expect(client.writableLength).toBeGreaterThanOrEqual(1_000_000)
    expect(request?.socket.bytesRead).toBeLessThan(1_000_000)
    client.end('0\r\n\r\n')
    let read = 0
    request?.on('data', ({ length }: Buffer) => (read += length))
    expect(await answer).toMatch(/^HTTP\/1\.1 200/)
    expect(read).toBe((sent / some.length) * 40 * size)
    silent.closeAllConnections()
    silent.close()
  })

  test('are refused once where they come by the ten thousand, and none of the rest is given', async () => {
    pieces.length = 0
    expect(await send(origin, '/', [], oneByOne('a'.repeat(30_000)))).toMatch(/^HTTP\/1\.1 400/)
    expect(refusals).toBe(1)
    expect(Buffer.concat(pieces).length).toBeLessThanOrEqual(4100)
  })
})

forEachDoor({}, (house) => {
  const path = (): string => new URL(`${house().baseURL}/chat/completions`).pathname
  const body = (): string => JSON.stringify({ model: house().model, messages: [{ role: 'user', content: 'Hi' }] })
  const asAcme = (): string[] => [`Authorization: Bearer ${house().callers.acme}`]

  test('chunks-of-one-byte: a call in chunks of one byte is answered', async () => {
    expect(await send(house().origin, path(), asAcme(), oneByOne(body()))).toMatch(/^HTTP\/1\.1 200/)
  })

  test.each([
    ['with a credential', asAcme],
    ['without one', () => []],
  ])('chunks-of-one-byte: tens of thousands are refused, %s, and others are served', async (_, headers) => {
    const answer = send(house().origin, path(), headers(), oneByOne(`{"a":"${'x'.repeat(30_000)}"}`))
    expect((await house().chat()).status).toBe(200)
    expect(await answer).toMatch(/^HTTP\/1\.1 40[01]|^$/)
  })
})

forEachDoor({ gateway: 'freeai' }, (house) => {
  test.each([
    ['a form', 'multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'],
    ['a sound', 'audio/mpeg', 'ID3'],
  ])('chunks-of-one-byte: %s that streams through is refused as the fault of its client, not of the gateway', async (_, type, begin) => {
    const path = new URL(`${house().baseURL}/audio/transcriptions`).pathname
    const before = house().ledger.entries.length
    const chunks = `${chunkOf(`${begin}${'a'.repeat(5000)}`)}${oneByOne('a'.repeat(30_000))}`
    expect(await send(house().origin, path, [`Authorization: Bearer ${house().callers.acme}`], chunks, type)).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*request_malformed/,
    )
    await expect
      .poll(() =>
        house()
          .ledger.entries.slice(before)
          .map(({ code }) => code),
      )
      .toEqual(['request_malformed'])
  })
})
