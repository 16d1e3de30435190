import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type LenientUpstream, readLeniently, startLenientUpstream, valuesOf } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { rawChat, statusOf } from '../support/raw-chat.js'
import { rawConnection } from '../support/raw-connection.js'

/** Each takes from its receiver what was read here, if it is obeyed. */
const strippers = [
  'content-type',
  'Content-Type',
  'close, CONTENT-TYPE',
  'keep-alive,content-type ,transfer-encoding',
  'content-type, content-encoding, content-length, host',
  '\tcontent-type\t',
]

describe('connection-header-cannot-strip', () => {
  forEachDoor({ gateway: 'mintoken' }, (house) => {
    test.each([
      'authorization',
      'Authorization, X-Provider-Key',
      'x-request-id, traceparent',
      'keep-alive, x-provider-key',
      'content-type, content-length',
    ])('a client’s "Connection: %s" takes nothing away that we add', async (named) => {
      expect(statusOf(await rawChat(house(), [`Connection: ${named}`]))).toBe(200)
      const seen = house().emulator.seen.at(-1)
      const names = seen?.headers.map(([name]) => name.toLowerCase()) ?? []
      expect(names).toEqual(expect.arrayContaining(['authorization', 'x-provider-key', 'x-request-id', 'traceparent', 'content-length']))
      expect(seen?.credentials).toHaveLength(2)
    })

    test.each(strippers)('a client’s "Connection: %s" takes nothing away that policy has read', async (named) => {
      expect(statusOf(await rawChat(house(), [`Connection: ${named}`]))).toBe(200)
      const headers = house().emulator.seen.at(-1)?.headers ?? []
      expect(headers.filter(([name]) => name.toLowerCase() === 'content-type').map(([, value]) => value)).toEqual(['application/json'])
    })

    test('a header that a client names in Connection is hop-by-hop and stays here', async () => {
      expect(statusOf(await rawChat(house(), ['Connection: x-secret-hop', 'X-Secret-Hop: value']))).toBe(200)
      expect(
        house()
          .emulator.seen.at(-1)
          ?.headers.filter(([name]) => name.toLowerCase() === 'x-secret-hop'),
      ).toEqual([])
    })
  })
})

describe('connection-header-cannot-strip: on the way to the backend and back', () => {
  let backend: LenientUpstream
  let sidecar: OpenSidecar
  let named = 'close'
  beforeAll(async () => {
    backend = await startLenientUpstream(
      () => `HTTP/1.1 200 OK\r\nConnection: ${named}\r\nContent-Type: text/plain\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok`,
    )
    sidecar = await openSidecar({ backend: backend.origin })
  })
  afterAll(async () => {
    await sidecar.close()
    await backend.close()
  })

  const facts = {
    'Content-Type': 'application/json',
    'Content-Encoding': 'identity',
    'Content-Language': 'en',
    Authorization: 'Bearer x',
    Cookie: 'a=b',
    Origin: 'https://app.example.com',
    'Sec-Fetch-Site': 'same-origin',
    DPoP: 'x',
    Accept: 'text/html',
  }

  test.each([...strippers, ...Object.keys(facts), `${Object.keys(facts).join(', ')}, x-hop`])(
    'a client’s "Connection: %s" takes away nothing that was read, and what is for one hop',
    async (list) => {
      backend.take()
      const lines = Object.entries({ Host: 'a', ...facts, Connection: `x-hop, ${list}`, 'X-Hop': '1', 'Content-Length': '2' })
      const { statuses } = await rawConnection(
        sidecar.origin,
        `POST /x HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n{}`,
      )
      expect(statuses).toEqual([200])
      const [seen] = backend.take().flatMap((bytes) => readLeniently(bytes).chunks)
      if (seen === undefined) throw new Error('Nothing reached the backend.')
      for (const [name, value] of Object.entries(facts)) expect([name, valuesOf(seen, name.toLowerCase())]).toEqual([name, [value]])
      expect(valuesOf(seen, 'x-hop')).toEqual([])
    },
  )

  test.each(strippers)('a backend’s "Connection: %s" does not take from a page what its body is', async (list) => {
    named = `x-hop, ${list}`
    const { statuses, text } = await rawConnection(sidecar.origin, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    expect(statuses).toEqual([200])
    expect(text).toMatch(/^Content-Type: text\/plain\r$/im)
    expect(text).not.toMatch(/^X-Hop:/im)
  })
})
