import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isHost } from '../../packages/core/src/lib/is-host.js'

const letters = [
  ...'abcxyzABX0123456789.-_:[]%@/\\?# '.split(''),
  'xn--',
  '0x',
  '65535',
  '65536',
  '::1',
  '[::1]',
  'a.b',
  '127.0.0.1',
  'é',
  'ß',
  ':80',
  ':443',
]
const texts = fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((parts) => parts.join(''))

test('every URL that is made with a host is read, and read as one of that host', () => {
  let hosts = 0
  fc.assert(
    fc.property(fc.oneof(texts, fc.webAuthority({ withPort: true }), fc.string({ maxLength: 12 })), (text) => {
      if (!isHost(text)) return
      hosts += 1
      const { protocol, host, hostname, port, username, pathname, search, hash } = new URL(`http://${text}/x`)
      expect([protocol, username, pathname, search, hash]).toEqual(['http:', '', '/x', '', ''])
      expect(host).toBe(port === '' ? hostname : `${hostname}:${port}`)
      const [, said = ''] = /:(\d+)$/.exec(text.replace(/^\[.*\]/, '')) ?? []
      expect(port).toBe(said === '' || Number(said) === 80 ? '' : String(Number(said)))
      if (!text.startsWith('[')) expect(hostname).toBe(text.toLowerCase().replace(/:\d+$/, ''))
    }),
    { numRuns: 20_000 },
  )
  expect(hosts).toBeGreaterThan(1000)
})
