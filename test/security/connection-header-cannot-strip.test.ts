import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { rawChat, statusOf } from '../support/raw-chat.js'

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
