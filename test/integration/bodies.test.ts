import { createHash, randomBytes } from 'node:crypto'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { Readable } from 'node:stream'
import OpenAI, { toFile } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type House, listenAnywhere } from '../support/house.js'
import { opened } from '../support/opened.js'

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

describe('bodies', () => {
  forEachDoor({ gateway: 'freeai' }, (house) => {
    const client = () => new OpenAI({ apiKey: house().callers.acme, baseURL: house().baseURL, maxRetries: 0 })

    test('a recording travels as multipart, unread and whole, and its transcript comes back', async () => {
      const recording = randomBytes(300_000)
      const transcript = await client().audio.transcriptions.create({ model: 'auto', file: await toFile(recording, 'voice.wav') })
      expect(transcript.text).toEqual(expect.any(String))
      const seen = house().emulator.seen.at(-1)
      expect(seen?.body.includes(recording)).toBe(true)
      expect(seen?.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1]).toContain('multipart/form-data; boundary=')
    })

    test('speech comes back as bytes', async () => {
      const answer = await client().audio.speech.create({ model: 'auto', voice: 'alloy', input: 'Good morning' })
      const bytes = Buffer.from(await answer.arrayBuffer())
      expect(bytes.length).toBeGreaterThan(100)
      expect(answer.headers.get('content-type')).toMatch(/^audio\//)
      expect(answer.headers.get('postern-governance')).toContain('"key":"acme"')
    })

    test('embeddings and the list of models are answered too', async () => {
      const { data } = await client().embeddings.create({ model: 'text-embedding-3-small', input: 'words', encoding_format: 'float' })
      expect(data[0]?.embedding.length).toBeGreaterThan(3)
      const models = await client().models.list()
      expect(models.data.length).toBeGreaterThan(0)
    })

    test('an answer of several megabytes passes whole', async () => {
      const answer = await house().chat({ body: { model: 'emulate/big' } })
      const text = await answer.text()
      expect(text.length).toBeGreaterThan(3 * 1024 * 1024)
      expect(() => JSON.parse(text) as unknown).not.toThrow()
    })
  })
})

/** By which a test tells the gateway what to answer. */
const passHeaders = ['x-answer-type', 'x-answer-bytes', 'x-answer-status', 'x-answer-length']

describe('bodies to and from a gateway that gives back what it gets', () => {
  let upstream: Server
  let baseURL: string
  const received: { digest: string; bytes: number; headers: Readonly<Record<string, unknown>>; method: string }[] = []
  beforeAll(async () => {
    upstream = createServer((request, response) => {
      const hash = createHash('sha256')
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        hash.update(chunk)
        bytes += chunk.length
      })
      request.on('end', () => {
        received.push({ digest: hash.digest('hex'), bytes, headers: request.headers, method: request.method as string })
        const type = String(request.headers['x-answer-type'] ?? 'application/octet-stream')
        const size = Number(request.headers['x-answer-bytes'] ?? 0)
        const status = Number(request.headers['x-answer-status'] ?? 200)
        response.writeHead(status, {
          'Content-Type': type,
          ETag: '"abc"',
          ...(request.headers['x-answer-length'] === undefined ? {} : { 'Content-Length': size }),
        })
        if (request.method === 'HEAD' || status === 204 || status === 304) response.end()
        else Readable.from(pieces(size)).pipe(response)
      })
    })
    baseURL = `${await listenAnywhere(upstream)}/v1`
  })
  afterAll(() => {
    upstream.closeAllConnections()
    upstream.close()
  })

  forEachDoor(
    () => Promise.resolve({ baseURL, config: { policies: { body: '64MiB' } }, settings: { passHeaders, endpoints: opened('files') } }),
    (house) => {
      const send = (init: RequestInit & { duplex?: 'half' }, path = 'files') =>
        fetch(`${house().baseURL}/${path}`, {
          method: 'POST',
          ...init,
          headers: { authorization: `Bearer ${house().callers.acme}`, ...(init.headers as Record<string, string>) },
        })

      test.each([0, 1, 65_536, 20 * 1024 * 1024])('%i binary bytes arrive as they were sent', async (size) => {
        // What begins by chance as JSON does is refused for it.
        const bytes = Buffer.concat([Buffer.from([0x89]), randomBytes(size)]).subarray(0, size)
        const answer = await send({ body: bytes, headers: { 'content-type': 'application/octet-stream' } })
        expect([answer.status, answer.status === 200 ? '' : await answer.text()]).toEqual([200, ''])
        expect(received.at(-1)).toMatchObject({ digest: digest(bytes), bytes: size })
        if (size > 0) expect(received.at(-1)?.headers['content-length']).toBe(String(size))
      })

      test('bytes sent in chunks arrive in chunks', async () => {
        const bytes = Buffer.concat([Buffer.from('RIFF'), randomBytes(999_996)])
        const body = Readable.toWeb(Readable.from([bytes.subarray(0, 400_000), bytes.subarray(400_000)])) as ReadableStream
        await send({ body, duplex: 'half', headers: { 'content-type': 'audio/wav' } })
        expect(received.at(-1)).toMatchObject({ digest: digest(bytes) })
        expect(received.at(-1)?.headers['transfer-encoding']).toBe('chunked')
      })

      test('JSON arrives byte for byte, its blanks and the order of its members too', async () => {
        const text = '{ "b" : 1,\n\t"a":"\\u00fc ü 🦔" , "n": 1.0e2, "model":"m"  }'
        await send({ body: text, headers: { 'content-type': 'application/json; charset=utf-8' } })
        expect(received.at(-1)).toMatchObject({ digest: digest(text) })
      })

      test('binary bytes come back as they were sent, with and without a length', async () => {
        for (const length of [{}, { 'x-answer-length': '1' }]) {
          const size = 5_000_000
          const answer = await send({ headers: { 'x-answer-bytes': String(size), ...length } })
          const bytes = Buffer.from(await answer.arrayBuffer())
          expect([bytes.length, digest(bytes)]).toEqual([size, digest(Buffer.concat(pieces(size)))])
          expect(answer.headers.get('etag')).toBe('"abc"')
          expect(answer.headers.get('content-length')).toBe('x-answer-length' in length ? String(size) : null)
        }
      })

      test.each(['PUT', 'PATCH', 'DELETE', 'GET'])('%s passes as %s', async (method) => {
        const answer = await send({ method })
        expect([answer.status, received.at(-1)?.method]).toEqual([200, method])
      })

      test('HEAD passes, and its answer has a head and no body', async () => {
        const answer = await send({ method: 'HEAD', headers: { 'x-answer-bytes': '77', 'x-answer-length': '1' } })
        expect([answer.status, answer.headers.get('content-length'), (await answer.arrayBuffer()).byteLength]).toEqual([200, '77', 0])
        expect(received.at(-1)?.method).toBe('HEAD')
      })

      test.each([204, 304])('%i has no body', async (status) => {
        const answer = await send({ headers: { 'x-answer-status': String(status) } })
        expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([status, 0])
      })

      test('a conditional request is asked without its condition', async () => {
        await send({ method: 'GET', headers: { 'if-none-match': '"abc"', 'if-modified-since': 'Sat, 21 Nov 2026 00:00:00 GMT' } })
        expect(Object.keys(received.at(-1)?.headers ?? {}).filter((name) => name.startsWith('if-'))).toEqual([])
      })

      test('an upload that its client breaks off is broken off at the gateway', async () => {
        const before = received.length
        await breakOff(house())
        const entry = await house().ledger.entry(({ finish }) => finish === 'client_closed')
        expect(entry).toMatchObject({ status: 499, path: '/v1/files' })
        expect(received.length).toBe(before)
      })

      test('a client that waits for 100 Continue is told to go on', async () => {
        const status = await new Promise<number | undefined>((resolve, reject) => {
          const request = httpRequest(`${house().baseURL}/files`, {
            method: 'POST',
            headers: {
              authorization: `Bearer ${house().callers.acme}`,
              expect: '100-continue',
              'content-type': 'application/octet-stream',
              'content-length': 4,
            },
          })
          request.on('continue', () => request.end('body'))
          request.on('response', (answer) => resolve(answer.resume().statusCode))
          request.on('error', reject)
          request.flushHeaders()
        })
        expect(status).toBe(200)
        expect(received.at(-1)).toMatchObject({ bytes: 4 })
        expect(received.at(-1)?.headers).not.toHaveProperty('expect')
      })
    },
  )
})

function pieces(size: number): Buffer[] {
  const piece = Buffer.alloc(100_000, 'postern ')
  const whole = Array.from({ length: Math.floor(size / piece.length) }, () => piece)
  return size % piece.length === 0 ? whole : [...whole, piece.subarray(0, size % piece.length)]
}

function breakOff(house: House): Promise<void> {
  return new Promise((resolve) => {
    const request = httpRequest(`${house.baseURL}/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/octet-stream', 'content-length': 1_000_000 },
    })
    request.on('error', () => resolve())
    request.write(Buffer.alloc(1000), () => setTimeout(() => request.destroy(), 100))
  })
}
