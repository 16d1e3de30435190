import { answer, bare, chunked, type Row } from './row.js'

const json = 'Content-Type: application/json'
const octets = 'Content-Type: application/octet-stream'
const text = 'Content-Type: text/plain'
const events = 'Content-Type: text/event-stream'

const row = (group: string, name: string, pieces: readonly string[], more: Omit<Partial<Row>, 'group' | 'name'> = {}): Row => ({
  group,
  name,
  asked: {},
  answered: { pieces },
  ...more,
})

const interim = 'interim answers'
const noInterim = { 'interim answers': 'an interim answer is for the one who asked, and that is Postern' }
const reason = { gateway: { reason: 'a reason phrase says nothing to anybody, and the usual one is written (RFC 9112, 4)' } }
const unsaid =
  'undici gives the same for a phrase that is missing and for one that came in pieces, and the usual one is written (RFC 9112, 4)'
const dropped = { gateway: noInterim, backend: noInterim }

/** Interim answers, heads and framing of what comes back. */
export const rowsOfAnswers: readonly Row[] = [
  row(interim, '100 that nobody asked for', [bare('100 Continue'), answer('200 OK', '{}', [json])], {
    differs: {
      gateway: {
        ...noInterim,
        status: 'undici takes it for a broken answer; servers send it to those who expect it, and nobody does (ADR 11)',
      },
      backend: { ...noInterim, requests: 'what only reads is asked again on the road that takes it (ADR 11)' },
    },
  }),
  row(interim, '102 before the answer', [bare('102 Processing'), answer('200 OK', '{}', [json])], { differs: dropped }),
  row(
    interim,
    '103 with hints before the answer',
    [bare('103 Early Hints', ['Link: </a.css>; rel=preload']), answer('200 OK', '{}', [json])],
    { differs: dropped },
  ),
  row(
    interim,
    'three interim answers in one packet with the answer',
    [bare('102 Processing') + bare('103 Early Hints') + bare('102 Processing') + answer('200 OK', '{}', [json])],
    { differs: dropped },
  ),
  row(interim, 'an interim answer of no known meaning', [bare('199 Whatever'), answer('200 OK', '{}', [json])], { differs: dropped }),

  row('heads of answers', 'no reason phrase', [answer('200 ', '{}', [json])], { differs: { ...reason, backend: { reason: unsaid } } }),
  row('heads of answers', 'another reason phrase', [answer('200 Very Well', '{}', [json])], { differs: reason }),
  row('heads of answers', 'a reason phrase beyond ASCII, as UTF-8', [answer(Buffer.from('200 Schön').toString('latin1'), '{}', [json])], {
    differs: reason,
  }),
  row('heads of answers', 'a status that is not registered', [answer('299 Odd', '{}', [json])], { differs: reason }),
  row('heads of answers', 'a date', [answer('200 OK', '{}', [json, 'Date: Thu, 01 Jan 2026 00:00:00 GMT'])]),
  row('heads of answers', '201 with a Location', [answer('201 Created', '{}', [json, 'Location: /v1/things/2'])]),
  row('heads of answers', '202', [answer('202 Accepted', '{"id":"a"}', [json])]),
  row('heads of answers', '203', [answer('203 Non-Authoritative Information', '{}', [json])]),
  row('heads of answers', '207 with XML', [answer('207 Multi-Status', '<a/>', ['Content-Type: application/xml'])]),
  row('heads of answers', 'a header without a value', [answer('200 OK', '{}', [json, 'X-Empty:'])]),
  row('heads of answers', 'blanks around a value', [answer('200 OK', '{}', [json, 'X-Blanks: \t in the middle  of it \t'])]),
  row('heads of answers', 'a value beyond ASCII, as Latin-1', [answer('200 OK', '{}', [json, 'X-Latin: caf\xe9'])]),
  row('heads of answers', 'a value beyond ASCII, as UTF-8', [answer('200 OK', '{}', [json, 'X-Utf: caf\xc3\xa9'])]),
  row('heads of answers', 'the same header three times, in order', [
    answer('200 OK', '{}', [json, 'X-Twice: b', 'X-Twice: a', 'x-twice: b']),
  ]),
  row('heads of answers', 'names in odd case', [answer('200 OK', '{}', ['content-TYPE: application/json', 'X-oDD: 1'])]),
  row('heads of answers', 'a name of odd but legal characters', [answer('200 OK', '{}', [json, "X!#$%&'*+.^_`|~-9: 1"])]),
  row('heads of answers', 'a head in two packets, cut in a name', [
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Cu',
    `t: 1\r\n${text}\r\n\r\n`,
  ]),
  row('heads of answers', 'two hundred headers', [
    answer('200 OK', '{}', [json, ...Array.from({ length: 200 }, (_, at) => `X-Many-${at}: ${at}`)]),
  ]),
  row('heads of answers', 'a head of 12 KiB', [answer('200 OK', '{}', [json, `X-Long: ${'v'.repeat(12_000)}`])]),
  row('heads of answers', 'two cookies', [answer('200 OK', '{}', [json, 'Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2'])]),
  row(
    'heads of answers',
    'headers named by Connection',
    [answer('200 OK', '{}', [json, 'Connection: keep-alive, X-Hop', 'X-Hop: 1', 'X-Kept: 2'])],
    {
      differs: {
        gateway: { 'answer header x-hop': 'what Connection names ends with the connection (RFC 9110, 7.6.1)' },
        backend: { 'answer header x-hop': 'what Connection names ends with the connection (RFC 9110, 7.6.1)' },
      },
    },
  ),
  row('heads of answers', 'JSON of a vendor’s type', [
    answer('200 OK', '{"a":1.0}', ['Content-Type: application/vnd.api+json; charset=utf-8']),
  ]),
  row('heads of answers', 'no Content-Type', [answer('200 OK', 'of some kind', [])]),
  row('heads of answers', 'Allow, Content-Language, Content-Location, Content-Disposition', [
    answer('200 OK', 'x', [
      text,
      'Allow: GET',
      'Content-Language: de',
      'Content-Location: /v1/things/1.de',
      'Content-Disposition: attachment; filename="a b.txt"',
    ]),
  ]),

  row('framing of answers', 'no body and a length of 0', [answer('200 OK', '', [text])]),
  row('framing of answers', 'to the end of the connection', [], {
    answered: { pieces: [bare('200 OK', [octets, 'Connection: close'], 'as long as it is')], after: 'close' },
  }),
  row('framing of answers', 'HTTP/1.0 to the end of the connection', [], {
    answered: { pieces: [`HTTP/1.0 200 OK\r\n${octets}\r\n\r\nof old`], after: 'close' },
  }),
  row('framing of answers', 'HTTP/1.0 with a length', [], {
    answered: { pieces: [`HTTP/1.0 200 OK\r\n${octets}\r\nContent-Length: 6\r\n\r\nof old`], after: 'close' },
  }),
  row('framing of answers', 'chunks', [bare('200 OK', [octets, 'Transfer-Encoding: chunked'], chunked('one', 'two'))]),
  row('framing of answers', 'a chunk for each byte', [
    bare('200 OK', [octets, 'Transfer-Encoding: chunked'], chunked('e', 'v', 'e', 'r', 'y')),
  ]),
  row('framing of answers', 'chunks with extensions and leading zeros', [
    `HTTP/1.1 200 OK\r\n${octets}\r\nTransfer-Encoding: chunked\r\n\r\n0003;a=b;c="d"\r\none\r\n000\r\n\r\n`,
  ]),
  row('framing of answers', 'sizes of chunks in capitals', [
    `HTTP/1.1 200 OK\r\n${octets}\r\nTransfer-Encoding: Chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`,
  ]),
  row('framing of answers', 'chunks cut within their sizes', [
    `HTTP/1.1 200 OK\r\n${octets}\r\nTransfer-Encoding: chunked\r\n\r\n1`,
    '0\r\n0123456789abcdef\r',
    '\n0\r',
    '\n\r\n',
  ]),
  row('framing of answers', 'a length and a body in three packets', [
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n\r\nabc',
    'def',
    'ghi',
  ]),
  row('framing of answers', 'JSON in chunks', [
    `HTTP/1.1 200 OK\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    chunked('{"a":', ' 1.0}'),
  ]),
  row('framing of answers', 'JSON with blanks around it', [answer('200 OK', ' \r\n\t{"a": 1e0, "a b": "\\u00e9"} \n', [json])]),
  row('framing of answers', 'a body of all bytes', [
    answer('200 OK', Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString('latin1'), [octets]),
  ]),
  row('framing of answers', 'a body of 300 kB', [answer('200 OK', 'x'.repeat(300_000), [octets])]),
  row('framing of answers', '204 without a length', [bare('204 No Content', ['X-Kept: 1'])]),
  row('framing of answers', '205 with a length of 0', [answer('205 Reset Content', '', [])]),
  row('framing of answers', 'a body shorter than its length, then the end', [], {
    answered: { pieces: [`HTTP/1.1 200 OK\r\n${octets}\r\nContent-Length: 100\r\n\r\nshort`], after: 'close' },
  }),
  row('framing of answers', 'chunks that break off', [], {
    answered: { pieces: [`HTTP/1.1 200 OK\r\n${octets}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n`], after: 'reset' },
  }),

  row(
    'trailers',
    'one trailer behind chunks',
    [`HTTP/1.1 200 OK\r\n${octets}\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-Sum: 3\r\n\r\n`],
    {
      differs: {
        gateway: { 'answer trailers': 'nothing of them is passed on (RFC 9110, 6.5.1, lets who forwards drop them)' },
        backend: { 'answer trailers': 'nothing of them is passed on (RFC 9110, 6.5.1, lets who forwards drop them)' },
      },
    },
  ),
  row(
    'trailers',
    'trailers that the head does not announce',
    [`HTTP/1.1 200 OK\r\n${octets}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n`],
    {
      differs: {
        gateway: { 'answer trailers': 'nothing of them is passed on (RFC 9110, 6.5.1, lets who forwards drop them)' },
        backend: { 'answer trailers': 'nothing of them is passed on (RFC 9110, 6.5.1, lets who forwards drop them)' },
      },
    },
  ),

  row('events', 'events with a comment, ids and blank data', [
    `HTTP/1.1 200 OK\r\n${events}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    chunked(': hello\n\n', 'id: 1\nevent: a\ndata\n\n', 'retry: 10\n\n', 'data: 1\n\n'),
  ]),
  row(
    'events',
    'an event in four packets, cut in a character',
    [`HTTP/1.1 200 OK\r\n${events}\r\nConnection: close\r\n\r\n`, 'da', 'ta: \xc3', '\xa9\n', '\n'],
    {
      answered: { pieces: [`HTTP/1.1 200 OK\r\n${events}\r\nConnection: close\r\n\r\n`, 'da', 'ta: \xc3', '\xa9\n', '\n'], after: 'close' },
    },
  ),
]
