import { request } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doorNames, type House, listenAnywhere, openHouse } from '../support/house.js'
import { opened } from '../support/opened.js'

/*
 * A server may answer before it has read a request, and close (RFC 9112, 9.5): what it said is the client's, and not that
 * it closed.
 */

const words = 'The file is larger than is taken here.'
const error = JSON.stringify({ error: { message: words, type: 'invalid_request_error', code: 'too_large', param: null } })

const framings = {
  'a length': (status: string) =>
    `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${error.length}\r\nConnection: close\r\n\r\n${error}`,
  chunks: (status: string) =>
    `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${error.length.toString(16)}\r\n${error}\r\n0\r\n\r\n`,
  'the end of its connection': (status: string) =>
    `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${error}`,
}

const endings: Readonly<Record<string, (socket: Socket) => void>> = {
  'closes on what it has not read': (socket) => void socket.destroy(),
  'ends its half and reads nothing more': (socket) => void socket.end(),
  'ends its half and reads on': (socket) => void socket.end().resume(),
}

interface Upload {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: (bytes: number) => Buffer
}

const boundary = 'xxxxboundary'
const uploads: Readonly<Record<string, Upload>> = {
  JSON: {
    path: 'chat/completions',
    headers: { 'content-type': 'application/json' },
    body: (bytes) => Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(bytes) }] })),
  },
  'a medium of a known length': {
    path: 'raw',
    headers: { 'content-type': 'application/octet-stream' },
    body: (bytes) => Buffer.alloc(bytes, 1),
  },
  'a medium in chunks': {
    path: 'raw',
    headers: { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' },
    body: (bytes) => Buffer.alloc(bytes, 1),
  },
  'a form': {
    path: 'raw',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: (bytes) =>
      Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n`),
        Buffer.alloc(bytes, 1),
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]),
  },
}

/** Sends a body, piece by piece as it is taken, and gives what is answered meanwhile. */
function upload(house: House, { path, headers, body }: Upload, bytes: number): Promise<{ status: number | undefined; text: string }> {
  const sent = body(bytes)
  return new Promise((resolve, reject) => {
    const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(sent.length) }
    const asked = request(
      `${house.baseURL}/${path}`,
      { method: 'POST', agent: false, headers: { authorization: `Bearer ${house.callers.acme}`, ...headers, ...length } },
      (answer) => {
        let text = ''
        answer.on('data', (piece: Buffer) => (text += piece.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode, text }))
        answer.on('error', reject)
      },
    )
    // Once the answer is there, nobody takes the rest.
    asked.on('error', reject)
    const pieceBytes = 64 * 1024
    const send = (start: number): void => {
      if (start >= sent.length) asked.end()
      else if (asked.write(sent.subarray(start, start + pieceBytes))) setImmediate(send, start + pieceBytes)
      else asked.once('drain', () => send(start + pieceBytes))
    }
    send(0)
  })
}

describe.each(doorNames)('an answer that comes before its request is read, behind the %s door', (door) => {
  let gateway: Server
  let house: House
  let answer = ''
  let ending: (socket: Socket) => void

  beforeAll(async () => {
    gateway = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.pause()
        socket.write(answer, () => ending(socket))
      })
    })
    const origin = await listenAnywhere(gateway)
    house = await openHouse({
      door,
      config: {
        gateways: { main: { dialect: 'openai', baseURL: `${origin}/v1`, attempts: 1, endpoints: opened('raw') } },
        policies: { body: '64MiB' },
      },
    })
  })
  afterAll(async () => {
    await house.close()
    gateway.close()
  })

  describe.each(Object.entries(uploads))('to %s', (_, what) => {
    test.each(Object.keys(endings))('is told where the gateway %s', async (name) => {
      ending = endings[name] as (socket: Socket) => void
      for (const [framing, say] of Object.entries(framings)) {
        for (const bytes of [70_000, 1_000_000, 8_000_000]) {
          answer = say('413')
          const { status, text } = await upload(house, what, bytes)
          expect([status, text.includes(words)], `${framing}, ${bytes}`).toEqual([413, true])
        }
      }
    })
  })

  test.each(['400', '415', '422'])('keeps its status: %s', async (status) => {
    answer = framings['a length'](status)
    ending = endings['closes on what it has not read'] as (socket: Socket) => void
    for (let round = 0; round < 5; round += 1)
      expect((await upload(house, uploads['a medium of a known length'] as Upload, 8_000_000)).status).toBe(Number(status))
  })

  test('that is none is still a connection that broke off, and is not made again', async () => {
    answer = 'HTTP/1.1 413 X\r\nContent-Le'
    ending = endings['closes on what it has not read'] as (socket: Socket) => void
    const { status, text } = await upload(house, uploads['a form'] as Upload, 8_000_000)
    expect([status, (JSON.parse(text) as { error: { code: string } }).error.code]).toEqual([502, 'gateway_failed'])
  })
})
