import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { codeOf, statusOf } from '../support/raw-chat.js'
import { rawExchange } from '../support/raw-exchange.js'
import { doorNames, type House, openHouse } from '../support/house.js'
import { startLenientUpstream, type LenientUpstream } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'

interface Place {
  readonly origin: string
  readonly credential: string
  close(): Promise<void>
}

const places: readonly (readonly [name: string, open: () => Promise<Place>])[] = [
  ...doorNames.map((door) => {
    return [
      `the ${door} door`,
      async () => {
        const house: House = await openHouse({ door })
        return { origin: house.origin, credential: house.callers.acme, close: () => house.close() }
      },
    ] as const
  }),
  [
    'the process, before a backend that would take it',
    async () => {
      const backend: LenientUpstream = await startLenientUpstream()
      const sidecar: OpenSidecar = await openSidecar({ backend: backend.origin, gateway: `${backend.origin}/v1` })
      return {
        origin: sidecar.origin,
        credential: sidecar.credential,
        async close() {
          await sidecar.close()
          expect(backend.take()).toEqual([])
          await backend.close()
        },
      }
    },
  ],
]

describe.each(places)('a WebSocket of the API, asked for at %s', (_, open) => {
  let place: Place
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place.close())

  interface Refused {
    readonly status: number | undefined
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: { readonly error: { readonly code: string; readonly message: string } }
  }

  /** What a client of WebSocket sees that reads why it was refused. */
  function probe(path: string, headers: Readonly<Record<string, string>>, protocols: readonly string[] = []): Promise<Refused> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(place.origin.replace('http', 'ws') + path, [...protocols], { headers })
      socket.on('open', () => reject(new Error('It was taken.')))
      socket.on('error', reject)
      socket.on('unexpected-response', (_request, answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: JSON.parse(text) as Refused['body'] }))
      })
    })
  }

  test.each(['/ai/v1/responses', '/ai/v1/realtime?model=gpt-realtime', '/ai/v1/no/such', '/ai/session', '/ai'])(
    'is 426 with the envelope, so that who probes falls back at once: %s',
    async (path) => {
      for (const headers of [{ authorization: `Bearer ${place.credential}` }, { authorization: 'Bearer wrong' }]) {
        const { status, headers: answered, body } = await probe(path, headers)
        expect([status, body.error.code]).toEqual([426, 'upgrade_required'])
        expect(body.error.message).toContain('plain HTTP')
        expect(answered).toMatchObject({
          upgrade: 'HTTP/1.1',
          'postern-refusal': 'upgrade_required',
          'x-should-retry': 'false',
          'x-request-id': expect.any(String),
          'cache-control': expect.stringContaining('no-store'),
        })
        expect(String(answered['connection']).toLowerCase()).toMatch(/upgrade/)
      }
    },
  )

  test('is refused as well where it brings a key as a protocol, and the key is not repeated', async () => {
    const key = `sk-proj-${'a1B2'.repeat(10)}`
    const refused = await probe('/ai/v1/realtime', {}, ['realtime', `openai-insecure-api-key.${key}`])
    expect(refused.status).toBe(426)
    expect(JSON.stringify(refused)).not.toContain(key)
  })

  test.each([
    [
      'h2c, which is ignored',
      'GET',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'],
      401,
    ],
    ['a WebSocket in HTTP/1.0, as it must be ignored', 'GET', ['Connection: Upgrade', 'Upgrade: websocket'], 401],
    ['a WebSocket among others', 'GET', ['Connection: Upgrade', 'Upgrade: h2c, WebSocket', 'Sec-WebSocket-Version: 13'], 426],
    ['a WebSocket of a version that is none', 'GET', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 1'], 426],
    ['a WebSocket with POST, which there is not', 'POST', ['Connection: Upgrade', 'Upgrade: websocket'], 401],
  ])('is told from %s', async (name, method, lines, status) => {
    const version = name.includes('HTTP/1.0') ? 'HTTP/1.0' : 'HTTP/1.1'
    const answer = await rawExchange(
      place.origin,
      `${method} /ai/v1/models ${version}\r\nHost: app.example.com\r\n${lines.join('\r\n')}\r\n\r\n`,
      {
        oneAnswer: true,
      },
    )
    expect([statusOf(answer), codeOf(answer)]).toEqual([status, status === 426 ? 'upgrade_required' : expect.any(String)])
  })
})
