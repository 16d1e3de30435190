import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { destroyOnceSent } from '../../packages/instance/src/doors/end-then-destroy.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { type Script, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'

/*
 * An honest answer may end with its connection, while its client has yet to read. Each way that a body can be framed, and a
 * connection can end, over each road, to clients of each pace, at a process of its own: the process lives, and whoever reads
 * gets every byte.
 */

const text = (bytes: number): string => randomBytes((bytes * 3) / 4).toString('base64')
const completion = (bytes: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      id: 'x',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: text(bytes) }, finish_reason: 'stop' }],
    }),
  )
const events = (count: number, bytes: number): Buffer =>
  Buffer.from(
    `${Array.from({ length: count }, () => `data: {"id":"x","choices":[{"index":0,"delta":{"content":"${text(bytes)}"}}]}\n\n`).join('')}data: [DONE]\n\n`,
  )

interface Road {
  readonly type: string
  readonly body: Buffer
  readonly ask: { readonly path: string; readonly sent?: string }
}

const call = { path: '/ai/v1/chat/completions', sent: '{"model":"m","messages":[{"role":"user","content":"Hello"}]}' }
const roads: Readonly<Record<string, Road>> = {
  'a short JSON answer': { type: 'application/json', body: completion(80_000), ask: call },
  'a long JSON answer': { type: 'application/json', body: completion(1_000_000), ask: call },
  'a stream of one large event': {
    type: 'text/event-stream',
    body: events(1, 80_000),
    ask: { ...call, sent: call.sent.replace('{', '{"stream":true,') },
  },
  'a stream of many events': {
    type: 'text/event-stream',
    body: events(100, 6000),
    ask: { ...call, sent: call.sent.replace('{', '{"stream":true,') },
  },
  audio: {
    type: 'audio/mpeg',
    body: randomBytes(1_000_000),
    ask: { path: '/ai/v1/audio/speech', sent: '{"model":"m","voice":"alloy","input":"a"}' },
  },
  'a page': { type: 'text/html', body: randomBytes(7_000_000), ask: { path: '/page' } },
  'a short page': { type: 'text/html', body: randomBytes(130_000), ask: { path: '/page' } },
}

const chunksOf = (body: Buffer, bytes: number): Buffer =>
  Buffer.concat([
    ...Array.from({ length: Math.ceil(body.length / bytes) }, (_, index) => {
      const piece = body.subarray(index * bytes, (index + 1) * bytes)
      return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
    }),
    Buffer.from('0\r\n\r\n'),
  ])

type Framing = (body: Buffer) => readonly [version: string, lines: readonly string[], bytes: Buffer]
const framings: Readonly<Record<string, Framing>> = {
  'the end of the connection': (body) => ['1.1', [], body],
  'the end of the connection, as it says': (body) => ['1.1', ['Connection: close'], body],
  'a length': (body) => ['1.1', ['Connection: close', `Content-Length: ${body.length}`], body],
  'a length, with more to come': (body) => ['1.1', [`Content-Length: ${body.length}`], body],
  chunks: (body) => ['1.1', ['Connection: close', 'Transfer-Encoding: chunked'], chunksOf(body, 16_000)],
  'one chunk': (body) => ['1.1', ['Connection: close', 'Transfer-Encoding: chunked'], chunksOf(body, body.length)],
  'HTTP/1.0': (body) => ['1.0', [], body],
  'HTTP/1.0 and a length': (body) => ['1.0', [`Content-Length: ${body.length}`], body],
}

type End = (socket: Socket, bytes: Buffer) => void
const laterMs = 20
const ends: Readonly<Record<string, End>> = {
  'with its last byte': (socket, bytes) => socket.end(bytes),
  'a little later': (socket, bytes) => socket.write(bytes, () => setTimeout(() => socket.end(), laterMs)),
  'after its last bytes came alone': (socket, bytes) => {
    socket.write(bytes.subarray(0, -60_000))
    setTimeout(() => socket.end(bytes.subarray(-60_000)), laterMs)
  },
}
const reset: End = (socket, bytes) => socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), laterMs))

const packings: Readonly<Record<string, (body: Buffer) => Buffer>> = { none: (body) => body, gzip: (body) => gzipSync(body, { level: 1 }) }

interface Case {
  readonly road: Road
  readonly framing: Framing
  readonly end: End
  readonly packing: string
  /** Bytes of the body that are not sent. */
  readonly missing?: number
  /** Is there once every request that is made together with this one has come. */
  readonly together?: Gathering
}

/** Opens when so many have come. */
class Gathering {
  readonly complete: Promise<void>
  #missing: number
  #open: () => void = () => {}

  constructor(size: number) {
    this.#missing = size
    this.complete = new Promise((resolve) => (this.#open = resolve))
  }

  /** Counts one more, and waits for the others. */
  come(): Promise<void> {
    this.#missing -= 1
    if (this.#missing === 0) this.#open()
    return this.complete
  }
}

function scriptOf({ road, framing, end, packing, missing = 0, together }: Case): Script {
  return async (socket) => {
    // An answer with a length leaves its connection open for a moment; a request that came on it just then would be lost with it.
    await together?.come()
    const [version, lines, bytes] = frame(road, packing, framing)
    const coding = packing === 'none' ? [] : [`Content-Encoding: ${packing}`]
    socket.write([`HTTP/${version} 200 OK`, `Content-Type: ${road.type}`, ...coding, ...lines, '', ''].join('\r\n'))
    end(socket, bytes.subarray(0, bytes.length - missing))
  }
}

const packedBodies = new WeakMap<Road, Map<string, Buffer>>()
/** The body of a road as it is packed, made once. */
function pack(road: Road, packing: string): Buffer {
  const forms = packedBodies.get(road) ?? new Map<string, Buffer>()
  packedBodies.set(road, forms)
  const form = forms.get(packing) ?? (packings[packing] as (body: Buffer) => Buffer)(road.body)
  forms.set(packing, form)
  return form
}

const framed = new WeakMap<Buffer, Map<Framing, ReturnType<Framing>>>()
/** A packed body in its framing, made once. */
function frame(road: Road, packing: string, framing: Framing): ReturnType<Framing> {
  const body = pack(road, packing)
  const forms = framed.get(body) ?? new Map<Framing, ReturnType<Framing>>()
  framed.set(body, forms)
  const form = forms.get(framing) ?? framing(body)
  forms.set(framing, form)
  return form
}

/** By the number in the request; the first is what the backend says of a cookie. */
const cases: (Case | undefined)[] = [undefined]
let upstream: ScriptedUpstream
let sidecar: OpenSidecar
beforeAll(async () => {
  upstream = await startScriptedUpstream((head) => {
    const index = Number(/[?&]case=(\d+)/.exec(head)?.[1])
    const each = cases[index]
    return each === undefined ? undefined : scriptOf(each)
  })
  sidecar = await openSidecar({
    backend: upstream.origin,
    config: {
      gateways: {
        main: { dialect: 'openai', baseURL: `${upstream.origin}/v1`, attempts: 1, timeouts: { connect: '5s', headers: '5s', idle: '3s' } },
      },
      callers: { forwardAuth: { url: `${upstream.origin}/whose?case=0`, timeout: '2s', cache: '0s', claims: { user: 'id' } } },
    },
  })
})
afterAll(async () => {
  await sidecar.close()
  await upstream.close()
})

/** What a client does with an answer once its head is there. */
type Pace = (answer: IncomingMessage) => void
const quick: Pace = (answer) => answer.resume()
const slow: Pace = (answer) => {
  answer.on('data', () => {
    answer.pause()
    setTimeout(() => answer.resume(), 1)
  })
}
/** Longer than a gateway may be silent. */
const late: Pace = (answer) => setTimeout(() => answer.resume(), 3600)
const leaving: Pace = (answer) => setTimeout(() => answer.destroy(), 100)

interface Taken {
  readonly body: Buffer
  readonly whole: boolean
  /** Whether it is an answer of ours in its place. */
  readonly refused?: boolean
}

function take(each: Case, pace: Pace, headers: Record<string, string> = {}): Promise<Taken> {
  const { path, sent } = each.road.ask
  const index = cases.push(each) - 1
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    const finish = (whole: boolean, refused = false): void => resolve({ body: Buffer.concat(pieces), whole, refused })
    const asked = request(
      `${sidecar.origin}${path}?case=${index}`,
      {
        method: sent === undefined ? 'GET' : 'POST',
        agent: false,
        headers: {
          ...(sent === undefined ? {} : { 'content-type': 'application/json', authorization: `Bearer ${sidecar.credential}` }),
          ...headers,
        },
      },
      (answer) => {
        const push = (piece: Buffer): unknown => pieces.push(piece)
        answer.on('error', () => {})
        answer.on('close', () => finish(answer.complete && answer.statusCode === 200, answer.statusCode !== 200))
        pace(answer)
        answer.on('data', push)
        if (pace === late || pace === leaving) answer.pause()
      },
    )
    asked.on('error', () => finish(false))
    asked.end(sent)
  })
}

/** How one that is not packed comes to a quick client: what it gets is what every client has to get. */
const plain = (road: Road): Case => ({
  road,
  framing: framings['a length'] as Framing,
  end: ends['a little later'] as End,
  packing: 'none',
})

/** What of an answer has to be as it is, in short; the same for each that is the same as a body that is expected. */
function digestOf({ body, whole, refused = false }: Taken, expected?: Buffer): string {
  if (refused) return body.toString()
  return `${whole ? 'whole' : 'broken'} ${body.length} ${expected?.equals(body) === true ? 'the same' : hash('sha256', body)}`
}
/** A page stays packed as it was. */
const expectedOf = (road: Road, packing: string): Buffer => (road.ask.sent === undefined ? pack(road, packing) : road.body)

const lastEvent = Buffer.from('data: [DONE]\n\n')
/** What a client gets of a stream has one event of ours before the last. */
const bodyOf = (road: Road, taken: Taken): Taken =>
  road.type === 'text/event-stream' && taken.whole
    ? {
        ...taken,
        body: Buffer.concat([taken.body.subarray(0, road.body.length - lastEvent.length), taken.body.subarray(-lastEvent.length)]),
      }
    : taken

async function expectServed(): Promise<void> {
  expect([sidecar.lives(), sidecar.stderr()]).toEqual([true, ''])
  for (const road of ['a short JSON answer', 'a short page'].map((name) => roads[name] as Road))
    expect(digestOf(await take(plain(road), quick))).toBe(digestOf({ body: expectedOf(road, 'none'), whole: true }))
}

/** Whether a body of this framing says itself where it ends. */
function endsItself(framing: string): boolean {
  return !/connection|1\.0$/.test(framing)
}

const combinations = Object.keys(framings).flatMap((framing) => Object.keys(packings).map((packing) => [framing, packing] as const))

describe.each(Object.entries(roads))('whole-at-the-end: %s', (_, road) => {
  test.each(Object.keys(ends))(
    'comes out byte for byte where its connection ends %s, to clients of every pace',
    async (end) => {
      const together = new Gathering(3 * combinations.length)
      await Promise.all(
        combinations.map(async ([framing, packing]) => {
          const each: Case = { road, framing: framings[framing] as Framing, end: ends[end] as End, packing, together }
          const expected = digestOf({ body: expectedOf(road, packing), whole: true }, expectedOf(road, packing))
          const [, ...taken] = await Promise.all([leaving, quick, slow].map((pace) => take(each, pace)))
          for (const got of taken) expect(digestOf(bodyOf(road, got), expectedOf(road, packing)), `${framing}, ${packing}`).toBe(expected)
        }),
      )
      await expectServed()
    },
    120_000,
  )

  test('ends nobody where its connection is reset, and nothing false comes out', async () => {
    const together = new Gathering(3 * combinations.length)
    await Promise.all(
      combinations.map(async ([framing, packing]) => {
        const each: Case = { road, framing: framings[framing] as Framing, end: reset, packing, together }
        const expected = expectedOf(road, packing)
        // Behind unread bytes Node tells of a reset as of an end: of a body that only the end ends, nobody can know that it is whole.
        const isKnown = endsItself(framing)
        for (const { body, whole, refused } of await Promise.all([leaving, quick, slow].map((pace) => take(each, pace)))) {
          if (whole && isKnown) expect(body.length, `${framing}, ${packing}`).toBeGreaterThanOrEqual(expected.length)
          else if (refused !== true && road.type !== 'text/event-stream')
            expect(expected.subarray(0, body.length).equals(body), framing).toBe(true)
        }
      }),
    )
    await expectServed()
  }, 120_000)

  test('is broken off to its client where its connection ends before its end', async () => {
    const ofKnownEnd = Object.entries(framings).filter(([framing]) => endsItself(framing))
    const together = new Gathering(4 * ofKnownEnd.length)
    await Promise.all(
      ofKnownEnd.flatMap(([name, framing]) =>
        [40, 70_000].map(async (missing) => {
          const each: Case = { road, framing, end: ends['with its last byte'] as End, packing: 'none', missing, together }
          for (const { body, whole, refused } of await Promise.all([quick, slow].map((pace) => take(each, pace)))) {
            if (road.type === 'text/event-stream' && whole && refused !== true)
              expect(body.toString(), name).toContain('"finish":"truncated"')
            else expect(whole, `${name}, ${missing} missing`).toBe(false)
          }
        }),
      ),
    )
    await expectServed()
  }, 120_000)
})

// They wait beside each other.
describe.concurrent('whole-at-the-end: a client that begins to read later than a gateway may be silent', () => {
  test.each(Object.entries(roads))(
    '%s comes out byte for byte to such a client',
    async (_, road) => {
      const together = new Gathering(combinations.length)
      await Promise.all(
        combinations.map(async ([framing, packing]) => {
          const each: Case = { road, framing: framings[framing] as Framing, end: ends['with its last byte'] as End, packing, together }
          const expected = digestOf({ body: expectedOf(road, packing), whole: true }, expectedOf(road, packing))
          expect(digestOf(bodyOf(road, await take(each, late)), expectedOf(road, packing)), `${framing}, ${packing}`).toBe(expected)
        }),
      )
    },
    120_000,
  )
  afterAll(expectServed)
})

describe('whole-at-the-end: an answer in place of a tunnel', () => {
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  }
  const road = roads['a page'] as Road

  test.each(Object.keys(framings))('comes out byte for byte: %s', async (framing) => {
    const each: Case = { road, framing: framings[framing] as Framing, end: ends['with its last byte'] as End, packing: 'none' }
    expect(digestOf(await take(each, slow, upgrade), road.body)).toBe(digestOf({ body: road.body, whole: true }, road.body))
  })

  // The connection has more to send than what waits in the buffers of the system, and a client that reads nothing for longer than it lingers.
  test('is not cut off while its client has yet to read it', async () => {
    const bytes = randomBytes(24_000_000)
    const server = createServer((socket) => {
      socket.end(bytes)
      destroyOnceSent(socket, 50)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause()
    await once(client, 'connect')
    await sleep(500)
    expect(bytes.equals(await buffer(client))).toBe(true)
    server.close()
  })
})

describe('whole-at-the-end: what the backend says of a cookie', () => {
  const headers = { cookie: 'sid=1', 'sec-fetch-site': 'same-origin' }
  const identity = (bytes: number): Road => ({
    type: 'application/json',
    body: Buffer.concat([Buffer.from('{"id":"u","more":"'), Buffer.alloc(bytes, 'x'), Buffer.from('"}')]),
    ask: { path: '/whose' },
  })

  test.each([10, 65_500, 70_000, 3_000_000])(
    'ends nobody where it has %i bytes more and ends with its connection',
    async (bytes) => {
      const road = identity(bytes)
      for (const [framing, packing] of combinations) {
        for (const end of [...Object.values(ends), reset]) {
          cases[0] = { road, framing: framings[framing] as Framing, end, packing }
          await new Promise<void>((resolve) => {
            const asked = request(
              `${sidecar.origin}/ai/v1/models`,
              { agent: false, headers: { ...headers, origin: sidecar.origin } },
              (answer) => {
                answer.resume().on('close', resolve)
              },
            )
            asked.on('error', () => resolve())
            asked.setTimeout(5000, () => asked.destroy()).end()
          })
          expect([sidecar.lives(), sidecar.stderr()]).toEqual([true, ''])
        }
      }
      await expectServed()
    },
    120_000,
  )
})
