import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { say, sayAndReset, type Script, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'

/*
 * After the first byte of an answer there is only its rest, or the end of the connection; and what a client gets first
 * is the answer to what it asked first.
 */

let upstream: ScriptedUpstream
let sidecar: OpenSidecar
let script: Script
/** Those of requests that are under way beside each other, by the number in their path. */
const scripts: Script[] = []
beforeAll(async () => {
  upstream = await startScriptedUpstream((head) => {
    if (head.includes(' /ok')) return say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    const number = /^[^\r]*[?&]script=(\d+)/.exec(head)?.[1]
    return number === undefined ? script : scripts[Number(number)]
  })
  sidecar = await openSidecar({ backend: upstream.origin, gateway: `${upstream.origin}/v1` })
})
afterAll(async () => {
  await sidecar.close()
  await upstream.close()
})

interface Received {
  readonly text: string
  /** Whether the peer ended it, and not our patience. */
  readonly ended: boolean
}

/** Everything that comes in answer to some pieces, each sent a moment after the other. */
function exchange(...pieces: readonly string[]): Promise<Received> {
  const { hostname, port } = new URL(sidecar.origin)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    const finish = (ended: boolean): void => {
      socket.destroy()
      resolve({ text, ended })
    }
    socket.setTimeout(4000, () => finish(false))
    socket.on('connect', async () => {
      for (const piece of pieces) {
        socket.write(Buffer.from(piece, 'latin1'))
        await wait(60)
      }
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => finish(true))
  })
}

/** A request that is answered by a script of its own. */
const answeredBy = (request: string, answer: Script): string => request.replace(' HTTP/1.1', `?script=${scripts.push(answer) - 1} HTTP/1.1`)

const heads = (text: string): string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? []

const upgrade =
  'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n'
const requests: readonly (readonly [road: string, text: string])[] = [
  ['an offer of a WebSocket', upgrade],
  ['a page', 'GET /page HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a form', 'POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b'],
  ['an upload', `PUT /up HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n${'x'.repeat(30_000)}`],
  ['an upload that is still being sent', 'PUT /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
]

const begun = (...lines: readonly string[]): string => `${['HTTP/1.1 403 No', 'Content-Type: text/plain', ...lines].join('\r\n')}\r\n\r\n`
const breaks: readonly (readonly [what: string, script: Script])[] = [
  ['is shorter than it says', say(begun('Content-Length: 500'), 'a part')],
  ['is reset in its middle', sayAndReset(begun('Content-Length: 500'), 'a part')],
  ['ends before its last chunk', say(begun('Transfer-Encoding: chunked'), '5\r\nhello\r\n')],
  ['is reset between two chunks', sayAndReset(begun('Transfer-Encoding: chunked'), '5\r\nhello\r\n')],
  ['has a chunk without a size', say(begun('Transfer-Encoding: chunked'), '5\r\nhello\r\nzz\r\n')],
  ['has a chunk that is too long', say(begun('Transfer-Encoding: chunked'), '5\r\nhello!!\r\n0\r\n\r\n')],
  ['has a trailer that is none', say(begun('Transfer-Encoding: chunked'), '5\r\nhello\r\n0\r\nX Y\r\n\r\n')],
  ['breaks behind its head', sayAndReset(begun('Content-Length: 5'))],
  ['is followed by rubbish', say(begun('Content-Length: 5'), 'hello', '\x00\x01 rubbish\r\n\r\n')],
  ['is followed by another', say(begun('Content-Length: 5'), 'hello', begun('Content-Length: 3'), 'two')],
  [
    'is followed by a change of protocol',
    say(begun('Content-Length: 5'), 'hello', 'HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
  ],
]

describe.each(requests)('one-answer-per-request: to %s', (_road, request) => {
  const last = request.includes('chunked') ? request : request.replace('Host: a\r\n', 'Host: a\r\nConnection: close\r\n')
  const whole = begun('Transfer-Encoding: chunked') + '5\r\nhello\r\n0\r\n\r\n'
  const lengths = Array.from({ length: Math.ceil(whole.length / 5) }, (_, index) => index * 5 + 1)
  const byteByByte = lengths.map(
    (length): Script =>
      (socket) => {
        socket.write(whole.slice(0, length - 1))
        setTimeout(() => socket.end(whole.slice(length - 1, length)), 2)
      },
  )
  // Where nobody hangs up, each takes as long as we are patient.
  let received: readonly Received[]
  beforeAll(async () => {
    const all = [...breaks.map(([, answer]) => answer), ...byteByByte]
    received = await Promise.all(all.map((answer) => exchange(answeredBy(last, answer))))
  })

  test.each(breaks.map(([what], index) => [what, index] as const))('an answer that %s stays one', (_, index) => {
    const { text } = received[index] as Received
    expect(heads(text)).toHaveLength(1)
    expect(text).toMatch(/^HTTP\/1\.1 (?:403|502) /)
  })

  test('an answer that comes byte by byte and breaks at any of them stays one', () => {
    for (const [index, length] of lengths.entries()) {
      const { text } = received[breaks.length + index] as Received
      expect([length, heads(text)]).toEqual([length, heads(text).slice(0, 1)])
      expect(text).not.toBe('')
    }
  })
})

describe('one-answer-per-request: to what comes behind', () => {
  const slow: Script = (socket) => {
    setTimeout(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nslow'), 400)
  }

  test.each([
    ['rubbish', '\x00\x01\r\n\r\n'],
    ['a head that is too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])(
    '%s behind a request is not refused in its place',
    async (_, rest) => {
      script = slow
      const firsts = ['GET /slow HTTP/1.1\r\nHost: a\r\n\r\n', 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b']
      const all = firsts.flatMap((first) => [[first + rest], [first, rest], [first + first, rest]])
      for (const { text, ended } of await Promise.all(all.map((pieces) => exchange(...pieces)))) {
        const answers = heads(text)
        expect([ended, answers.slice(0, -1), answers.at(-1)]).toEqual([
          true,
          Array.from({ length: answers.length - 1 }, () => 'HTTP/1.1 200'),
          expect.stringMatching(/4\d\d$/) as string,
        ])
        expect(answers.length).toBeGreaterThan(1)
      }
    },
    30_000,
  )

  test('a body that breaks in its middle is refused once, in the place of its own request', async () => {
    script = slow
    const broken = 'POST /broken HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n'
    const alone = await exchange(broken)
    expect([heads(alone.text), alone.ended]).toEqual([['HTTP/1.1 400'], true])
    const behind = await exchange('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n', broken)
    expect([heads(behind.text), behind.ended]).toEqual([['HTTP/1.1 200', 'HTTP/1.1 400'], true])
  })

  test.each([
    ['an upload', 'PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n'],
    ['a form', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\na=b'],
    ['a call that is refused', 'POST /ai/v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}'],
  ])(
    'no interim answer comes within the answer to %s that waits behind others',
    async (_, waiting) => {
      const early = 'GET /early HTTP/1.1\r\nHost: a\r\n\r\n'
      const all = [10, 20_000, 200_000].flatMap((bytes) => [0, 30].map((pauseMs) => ({ bytes, pauseMs })))
      await Promise.all(
        all.map(async ({ bytes, pauseMs }) => {
          const page = `${'x'.repeat(bytes - 3)}end`
          const head = `HTTP/1.1 200 OK\r\nContent-Length: ${page.length}\r\n\r\n`
          const answerAfter =
            (waitMs: number): Script =>
            async (socket) => {
              if (waitMs > 0) await wait(waitMs)
              socket.write(head)
              await wait(pauseMs)
              socket.end(page)
            }
          // The first answer comes last, so that what waits behind it has an answer already.
          const behind = answeredBy(waiting.replace('\r\n', '\r\nConnection: close\r\n'), answerAfter(0))
          const { text } = await exchange(answeredBy(early, answerAfter(200)) + behind)
          const [before = '', after, ...more] = text.split('HTTP/1.1 100 Continue\r\n\r\n')
          expect(more).toEqual([])
          // Where it was answered before its body was asked for, there is none (RFC 9110, 10.1.1).
          if (after !== undefined) {
            expect(before.endsWith(page)).toBe(true)
            expect(after.startsWith('HTTP/1.1 ')).toBe(true)
          }
          expect(heads(after === undefined ? before.slice(before.indexOf(page)) : after)).toHaveLength(1)
        }),
      )
    },
    30_000,
  )

  test.each(['0.9', '2.0'])('a request in HTTP/%s is refused and ends its connection', async (version) => {
    for (const target of ['/ok', '/ai/v1/models', 'http://a/ok']) {
      const { text, ended } = await exchange(`GET ${target} HTTP/${version}\r\nHost: a\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\n\r\n`)
      expect(heads(text)).toEqual(['HTTP/1.1 400'])
      expect(ended).toBe(true)
    }
  })

  test('rubbish behind an answer that has begun ends the connection', async () => {
    script = (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')
    for (const rest of ['RUBBISH\r\n\r\n', '\x16\x03\x01', 'GET / HTTP/9.9\r\n\r\n']) {
      const { text, ended } = await exchange('GET /events HTTP/1.1\r\nHost: a\r\n\r\n', rest)
      expect([heads(text), ended]).toEqual([['HTTP/1.1 200'], true])
    }
  })
})

describe('one-answer-per-request: in the backend’s place', () => {
  let received: readonly Received[]
  beforeAll(async () => {
    script = (socket) => {
      socket.resetAndDestroy()
    }
    received = await Promise.all(requests.map(([, request]) => exchange(request, ...(request === upgrade ? ['more of it'] : []))))
  })

  test.each(requests.map(([road], index) => [road, index] as const))(
    '%s that the backend never answers is refused once, and what is said afterwards reaches nobody',
    (_, index) => {
      const { text } = received[index] as Received
      expect(heads(text)).toHaveLength(1)
      expect(text).toMatch(/^HTTP\/1\.1 50\d /)
    },
  )
})
