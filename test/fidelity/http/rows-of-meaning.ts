import { gzipSync } from 'node:zlib'
import { answer, type Row } from './row.js'

const text = 'Content-Type: text/plain'
const octets = 'Content-Type: application/octet-stream'
const json = 'Content-Type: application/json'

const row = (group: string, name: string, headers: readonly string[], pieces: readonly string[], more: Partial<Row> = {}): Row => ({
  group,
  name,
  asked: { headers },
  answered: { pieces },
  ...more,
})

const packed = gzipSync('packed '.repeat(50)).toString('latin1')
const unasked =
  'neither ranges nor conditions go to a gateway: no cache may hold an answer under a key, and the whole is a right answer (RFC 9110, 14.2)'
const noHeader = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`request header ${name}`, unasked]))

const nobody = 'whoever has answered has decided, and what comes behind is read for nobody'
const rest = { 'request body': nobody, 'request ending': nobody }
const readBefore = 'a gateway is asked when a body in chunks is there to its end, since keys and policies are looked for in it'
const readForNobody = { gateway: rest, backend: rest }

/** Ranges, conditions, codings, and answers that come before the end of a request. */
export const rowsOfMeaning: readonly Row[] = [
  row(
    'ranges',
    '206 with a Content-Range',
    ['Range: bytes=0-3'],
    [answer('206 Partial Content', 'abcd', [octets, 'Content-Range: bytes 0-3/10', 'Accept-Ranges: bytes', 'ETag: "1"'])],
    { differs: { gateway: noHeader('range') } },
  ),
  row(
    'ranges',
    '206 of several parts',
    ['Range: bytes=0-1,4-5'],
    [
      answer('206 Partial Content', '--B\r\nContent-Range: bytes 0-1/10\r\n\r\nab\r\n--B--\r\n', [
        'Content-Type: multipart/byteranges; boundary=B',
      ]),
    ],
    { differs: { gateway: noHeader('range') } },
  ),
  row(
    'ranges',
    'If-Range',
    ['Range: bytes=0-3', 'If-Range: "1"'],
    [answer('206 Partial Content', 'abcd', [octets, 'Content-Range: bytes 0-3/*'])],
    { differs: { gateway: noHeader('range', 'if-range') } },
  ),
  row('ranges', '416', ['Range: bytes=99-'], [answer('416 Range Not Satisfiable', '', [octets, 'Content-Range: bytes */10'])], {
    roads: ['backend'],
  }),
  row('ranges', 'an upload of a part', [], [answer('200 OK', 'ok', [text])], {
    asked: { method: 'PUT', headers: [octets, 'Content-Range: bytes 0-2/10', 'Content-Length: 3'], body: ['abc'] },
    differs: { gateway: { 'request header content-range': 'it frames a message, and no gateway documents it' } },
  }),

  row(
    'conditions',
    '304 with a length',
    ['If-None-Match: "1", W/"2"'],
    ['HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 10\r\n\r\n'],
    {
      differs: {
        gateway: {
          ...noHeader('if-none-match'),
          status: 'undici takes the length for a broken answer; nobody asked a gateway for a 304, since no condition is passed on',
        },
      },
    },
  ),
  row(
    'conditions',
    '304 without a length',
    ['If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT'],
    ['HTTP/1.1 304 Not Modified\r\nETag: W/"1"\r\nX-Kept: 1\r\n\r\n'],
    { differs: { gateway: noHeader('if-modified-since') } },
  ),
  row(
    'conditions',
    '412',
    ['If-Match: *', 'If-Unmodified-Since: Thu, 01 Jan 2026 00:00:00 GMT'],
    [answer('412 Precondition Failed', '', [text])],
    { roads: ['backend'] },
  ),
  row(
    'conditions',
    'validators of an answer',
    [],
    [answer('200 OK', '{}', [json, 'ETag: W/"a"', 'Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT'])],
  ),
  row(
    'conditions',
    'how long it may be kept',
    [],
    [answer('200 OK', 'x', [text, 'Cache-Control: public, max-age=60', 'Age: 3', 'Vary: Accept', 'Expires: 0', 'Pragma: no-cache'])],
  ),

  row(
    'codings',
    'a packed answer that was asked for',
    ['Accept-Encoding: gzip'],
    [answer('200 OK', packed, [text, 'Content-Encoding: gzip', 'Vary: Accept-Encoding'])],
    {
      differs: {
        gateway: {
          'answer body': 'what a gateway packs is unpacked, so that it can be searched',
          'answer header content-encoding': 'it is unpacked',
        },
      },
    },
  ),
  row(
    'codings',
    'a packed answer in chunks',
    ['Accept-Encoding: gzip, br;q=0'],
    [
      `HTTP/1.1 200 OK\r\n${text}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n${packed.length.toString(16)}\r\n${packed}\r\n`,
      '0\r\n\r\n',
    ],
    {
      differs: {
        gateway: {
          'answer body': 'what a gateway packs is unpacked, so that it can be searched',
          'answer header content-encoding': 'it is unpacked',
        },
      },
    },
  ),
  row('codings', 'the coding identity', ['Accept-Encoding: identity'], [answer('200 OK', 'x', [text, 'Content-Encoding: identity'])]),
  row('codings', 'a coding that nobody knows', [], [answer('200 OK', '\x01\x02', [octets, 'Content-Encoding: dcz'])], {
    roads: ['backend'],
  }),
  row('codings', 'a packed request', [], [answer('200 OK', 'ok', [text])], {
    asked: { method: 'POST', headers: [octets, 'Content-Encoding: gzip', `Content-Length: ${packed.length}`], body: [packed] },
    differs: { gateway: { status: 'a packed body cannot be read, so it is 415', requests: 'a packed body cannot be read, so it is 415' } },
  }),
  row(
    'codings',
    'digests of an answer',
    [],
    [answer('200 OK', 'x', [text, 'Content-MD5: ndTkYSaMgDT1yFZOFVxnpg==', 'Repr-Digest: sha-256=:AAAA:', 'Digest: md5=AAAA'])],
  ),
  row('codings', 'a charset in quotes', [], [answer('200 OK', 'caf\xe9', ['Content-Type: text/plain; charset="iso-8859-1"'])]),

  row(
    'early answers',
    '413 before the body, and the end',
    [],
    [answer('413 Content Too Large', '{"error":{"message":"too large"}}', [json, 'Connection: close'])],
    {
      asked: { method: 'POST', headers: [octets, 'Content-Length: 30000'], body: ['x'.repeat(10_000), 'x'.repeat(10_000)] },
      answered: {
        pieces: [answer('413 Content Too Large', '{"error":{"message":"too large"}}', [json, 'Connection: close'])],
        early: true,
        after: 'close',
      },
      roads: ['backend'],
      raced: true,
    },
  ),
  row('early answers', '200 before the end of the body, which is sent then', [], [], {
    asked: {
      method: 'POST',
      headers: [octets, 'Content-Length: 30000'],
      body: ['x'.repeat(10_000), 'x'.repeat(10_000), 'x'.repeat(10_000)],
      waitsForAnswer: true,
    },
    differs: readForNobody,
    answered: { pieces: [answer('200 OK', 'early', [text])], early: true },
  }),
  row('early answers', 'an answer in pieces while the body is in chunks', [], [], {
    asked: {
      method: 'POST',
      headers: [octets, 'Transfer-Encoding: chunked'],
      body: ['3\r\none\r\n', '3\r\ntwo\r\n0\r\n\r\n'],
      waitsForAnswer: true,
      patienceMs: 1000,
    },
    differs: { gateway: { status: readBefore, ending: readBefore, requests: readBefore }, backend: rest },
    answered: { pieces: ['HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nabc', 'def'], early: true },
  }),

  row('statuses of a backend', '301 with a Location', [], [answer('301 Moved Permanently', '', ['Location: https://elsewhere.example/'])], {
    roads: ['backend'],
  }),
  row(
    'statuses of a backend',
    '401 with a challenge',
    [],
    [answer('401 Unauthorized', 'no', [text, 'WWW-Authenticate: Basic realm="a"'])],
    { roads: ['backend'] },
  ),
  row('statuses of a backend', '500 with a page', [], [answer('500 Internal Server Error', '<h1>no</h1>', ['Content-Type: text/html'])], {
    roads: ['backend'],
  }),
  row('statuses of a backend', '503 with Retry-After', [], [answer('503 Service Unavailable', 'later', [text, 'Retry-After: 120'])], {
    roads: ['backend'],
  }),
  row('statuses of a backend', '599', [], [answer('599 Odd', 'odd', [text])], { roads: ['backend'] }),
]
