import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { countHosts } from '../../packages/core/src/lib/count-hosts.js'
import { isHost } from '../../packages/core/src/lib/is-host.js'
import { addFraming } from '../../packages/instance/src/backend/add-framing.js'
import { findFault } from '../../packages/instance/src/backend/check-framing.js'
import { faultOfHead } from '../../packages/instance/src/doors/fault-of-head.js'

interface Head {
  readonly method?: string
  readonly url?: string
  readonly version?: string
  readonly lines?: readonly (readonly [name: string, value: string])[]
  readonly server?: object | undefined
}

/** A request as Node gives it, of these header lines. */
function request({ method = 'GET', url = '/x', version = '1.1', lines = [['Host', 'a.test']], server }: Head = {}): IncomingMessage {
  const headers: Record<string, string> = {}
  for (const [name, value] of lines) headers[name.toLowerCase()] ??= value
  const rawHeaders = lines.flat()
  return { method, url, httpVersion: version, httpVersionMajor: Number(version[0]), headers, rawHeaders, socket: { server } } as never
}

const host = ['Host', 'a.test'] as const
const close = ['Connection', 'close']

describe('the head of a request', () => {
  test.each(['1.0', '1.1', '1.9'])('of version %s has no fault', (version) => {
    expect(faultOfHead(request({ version }))).toBeUndefined()
  })

  test.each(['0.9', '2.0'])('of version %s is refused, and the connection is closed', (version) => {
    const fault = faultOfHead(request({ version }))
    expect([fault?.code, fault?.details.headers]).toEqual(['request_malformed', close])
    expect(fault?.message).toContain('HTTP/1.0 or HTTP/1.1')
  })

  const linesOf = (count: number) => Array.from({ length: count }, (_, index) => [`X-${index}`, 'x'] as const)

  test('has fewer than 960 lines', () => {
    expect(faultOfHead(request({ lines: linesOf(959) }))).toBeUndefined()
    const fault = faultOfHead(request({ lines: linesOf(960) }))
    expect([fault?.code, fault?.details.headers]).toEqual(['headers_too_large', close])
  })

  test('has fewer lines than its server reads, since Node may have dropped the others', () => {
    const server = { maxHeadersCount: 10 }
    expect(faultOfHead(request({ lines: linesOf(9), server }))).toBeUndefined()
    expect(faultOfHead(request({ lines: linesOf(10), server }))?.code).toBe('headers_too_large')
    for (const unbounded of [{ maxHeadersCount: 0 }, { maxHeadersCount: null }, {}, undefined, { maxHeadersCount: -1 }])
      expect(faultOfHead(request({ lines: linesOf(900), server: unbounded }))).toBeUndefined()
    expect(faultOfHead(request({ lines: [], server: { maxHeadersCount: 0 } }))).toBeUndefined()
  })

  test('says once where the body ends', () => {
    const fault = faultOfHead(request({ lines: [host, ['Transfer-Encoding', 'chunked'], ['Content-Length', '3']] }))
    expect([fault?.code, fault?.message, fault?.details.headers]).toEqual([
      'request_malformed',
      'The request says twice where its body ends.',
      close,
    ])
    expect(faultOfHead(request({ lines: [host, ['Content-Length', '3']] }))).toBeUndefined()
  })

  test.each(['chunked', 'Chunked', '\t chunked \t'])('may have the body in chunks: %j', (encoding) => {
    expect(faultOfHead(request({ lines: [host, ['Transfer-Encoding', encoding]] }))).toBeUndefined()
  })

  test('has no chunks in HTTP/1.0, which knows none', () => {
    const fault = faultOfHead(request({ version: '1.0', lines: [host, ['Transfer-Encoding', 'chunked']] }))
    expect([fault?.code, fault?.message, fault?.details.headers]).toEqual([
      'request_malformed',
      'HTTP/1.0 has no Transfer-Encoding.',
      close,
    ])
  })

  test.each(['gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'xchunked', 'chunkedx', 'identity', '', 'chunked;a=b'])(
    'has the body in no other coding: %j',
    (encoding) => {
      const fault = faultOfHead(request({ lines: [host, ['Transfer-Encoding', encoding]] }))
      expect([fault?.code, fault?.message, fault?.details.headers]).toEqual([
        'request_malformed',
        'A body can only be encoded as chunked.',
        close,
      ])
    },
  )
})

describe('a request to the backend', () => {
  test('names one host and a path', () => {
    expect(findFault(request())).toBeUndefined()
    expect(findFault(request({ version: '1.0', lines: [] }))).toBeUndefined()
    expect(findFault(request({ url: '*', method: 'OPTIONS' }))).toBeUndefined()
  })

  test.each<[what: string, head: Head]>([
    ['no host', { lines: [] }],
    ['two hosts', { lines: [host, ['HOST', 'a.test']] }],
    ['two hosts in HTTP/1.0', { version: '1.0', lines: [host, ['host', 'b.test']] }],
    ['no host that a URL could have', { lines: [['Host', 'a/b']] }],
    ['no host that a URL could have, in HTTP/1.0', { version: '1.0', lines: [['Host', '']] }],
  ])('is refused with %s', (_, head) => {
    const fault = findFault(request(head))
    expect([fault?.code, fault?.details.param]).toEqual(['request_malformed', 'Host'])
  })

  test('is refused for its head and for its target as well', () => {
    expect(findFault(request({ version: '2.0' }))?.message).toContain('HTTP/1.0 or HTTP/1.1')
    for (const url of ['x', '*', 'http://b/x', '/x#y']) expect(findFault(request({ url }))?.code).toBe('request_malformed')
  })

  test.each<[head: Head, framing: readonly string[]]>([
    [{ lines: [['Transfer-Encoding', 'Chunked ']] }, ['Transfer-Encoding', 'chunked']],
    [{ lines: [['Content-Length', '7']] }, ['Content-Length', '7']],
    [{ lines: [['Content-Length', '0']], method: 'POST' }, ['Content-Length', '0']],
    [{ lines: [['Content-Length', '007']] }, ['Content-Length', '7']],
    [{ lines: [['Content-Length', '000']] }, ['Content-Length', '0']],
    [{ lines: [['Content-Length', '00']] }, ['Content-Length', '0']],
    [{ lines: [['Content-Length', '700']] }, ['Content-Length', '700']],
    [{ lines: [['Content-Length', '10']] }, ['Content-Length', '10']],
  ])('is framed anew by one header: %j as %j', (head, framing) => {
    const to = ['X-Before', 'x']
    addFraming(to, request(head))
    expect(to).toEqual(['X-Before', 'x', ...framing])
  })

  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])('without a body has no framing header for %s', (method) => {
    const to: string[] = []
    addFraming(to, request({ method }))
    expect(to).toEqual([])
  })

  test.each(['POST', 'PUT', 'PATCH', 'PROPFIND', 'QUERY'])(
    'without a body has an empty one for %s, or Node would send chunks',
    (method) => {
      const to: string[] = []
      addFraming(to, request({ method }))
      expect(to).toEqual(['Content-Length', '0'])
    },
  )
})

describe('the hosts of a request', () => {
  test('are counted by their lines, in whatever case', () => {
    expect(countHosts([])).toBe(0)
    expect(countHosts(['Host', 'a', 'X-Host', 'b', 'hOsT', 'c', 'HOST', 'd', 'host', 'e', 'Hos', 'f', 'Hosts', 'g', 'Most', 'h'])).toBe(4)
    expect(countHosts(['X-Note', 'host', 'Accept', 'Host'])).toBe(0)
  })

  test.each(
    [
      ['a', 'a.test', 'A-b_c.d9', 'a.', 'a.test.', 'a:0', 'a.test:65535', 'a.:80', '127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:443'],
      ['[2001:DB8::A]', '[::ffff:127.0.0.1]', 'a.1b', '1a', 'a.0y', 'xn--mnchen-3ya.test', 'localhost', '0x-', 'a'.repeat(262)],
    ].flat(),
  )('may be %s', (text) => expect(isHost(text)).toBe(true))

  test.each(
    [
      [
        '',
        '.',
        '.a',
        'a..b',
        'a..',
        'a b',
        'a,b',
        'a/b',
        'a@b',
        'a%41',
        "a'b",
        'ä',
        'a:',
        'a:65536',
        'a:123456',
        'a:-1',
        'a:8 0',
        'a:1e1',
        'a:b',
      ],
      ['1', '1.2.3', 'a.1', 'a.0x', '0x7f', 'a.0XfF', '127.0.0.01', '127.0.0.256', '127.0.0.1.', '1.2.3.4.5', '127.1', 'a.1:80', 'a.09'],
      [
        '[]',
        '[1]',
        '[::1',
        '::1',
        '[::1]x',
        '[::1]:',
        '[::1]:65536',
        '[127.0.0.1]',
        '[::g]',
        '[::1%25en0]',
        '[v1.x]',
        'x[::1]',
        '[:::]',
        '[::1].',
      ],
      ['xn--', 'xn--a', 'a.XN--a.b', 'a'.repeat(263), 'a.test\n', 'a:80\n', '\na', '[::1]\n'],
    ].flat(),
  )('are not %j', (text) => expect(isHost(text)).toBe(false))

  test('are looked at again after one that was none', () => {
    expect(['b.test', 'b/test', 'b.test', 'b/test'].map(isHost)).toEqual([true, false, true, false])
  })
})
