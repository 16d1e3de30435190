import { answer, type Row } from './row.js'

const ok = answer('200 OK', '{"took":"it"}', ['Content-Type: application/json'])
const octets = 'Content-Type: application/octet-stream'

const form = '--a b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n\x1f\x8b\x00\xff\xfe......\r\n--a b--\r\n'

const row = (group: string, name: string, asked: Row['asked'], more: Omit<Partial<Row>, 'group' | 'name' | 'asked'> = {}): Row => ({
  group,
  name,
  asked,
  answered: { pieces: [ok] },
  ...more,
})

const allowList = 'request headers go to a gateway by an allow-list'
const noBodyOfReads = 'a body of a GET has no meaning (RFC 9110, 9.3.1), and no limit would read it'
const both = (differs: Readonly<Record<string, string>>): NonNullable<Row['differs']> => ({ gateway: differs, backend: differs })
const left =
  'the end of a client’s half is taken for its leaving, as Node’s own servers take it: a call that nobody waits for must not run on'
const cut = { raced: true, differs: both({ status: left, ending: left }) }

/** Heads and framing of what is asked. */
export const rowsOfRequests: readonly Row[] = [
  row('targets', 'a query with everything that a query may hold', { path: "things/1?a=1&&b=%20+;x=/?:@!$'()*,~&[c]=d&empty=&e" }),
  row('targets', 'an empty query', { path: 'things/1?' }),
  row(
    'targets',
    'a path with marks',
    { path: "things/a-b._~!$&'()*+,;=:@" },
    {
      differs: { gateway: { status: 'a segment with a semicolon is nobody’s id', requests: 'a segment with a semicolon is nobody’s id' } },
    },
  ),
  row('targets', 'a path with marks but a semicolon', { path: "things/a-b._~!$&'()*+,=:@" }),
  row('targets', 'a target of 4 kB', { path: `things/1?q=${'a'.repeat(4000)}` }),

  row(
    'targets',
    'a whole URL',
    { wholeUrl: true },
    { differs: both({ 'request line': 'the path is passed on, and the host stands in Host (RFC 9112, 3.2.2)' }) },
  ),
  row('targets', 'double slashes, dots and escapes', { path: 'a//b/../%2e%2E/%C3%A9;p=1/' }, { roads: ['backend'] }),
  ...['PUT', 'PATCH', 'POST', 'DELETE'].map((method) =>
    row('methods', `${method} with JSON`, {
      method,
      headers: ['Content-Type: application/json', 'Content-Length: 9'],
      body: ['{"a":1.0}'],
    }),
  ),
  row('methods', 'DELETE without a body', { method: 'DELETE' }),
  row('methods', 'POST with a length of 0', { method: 'POST', headers: ['Content-Length: 0'] }),
  row(
    'methods',
    'HEAD',
    { method: 'HEAD' },
    { answered: { pieces: ['HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1234\r\n\r\n'] } },
  ),
  row(
    'methods',
    'HEAD that says chunks',
    { method: 'HEAD' },
    { answered: { pieces: ['HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n'] } },
  ),
  row(
    'methods',
    'GET with a body',
    { headers: [octets, 'Content-Length: 3'], body: ['abc'] },
    { differs: { gateway: { status: noBodyOfReads, requests: noBodyOfReads } } },
  ),
  row('methods', 'DELETE with chunks', {
    method: 'DELETE',
    headers: [octets, 'Transfer-Encoding: chunked'],
    body: ['3\r\none\r\n0\r\n\r\n'],
  }),
  row('methods', 'OPTIONS of the whole server', { method: 'OPTIONS', path: '*' }, { roads: ['backend'] }),
  row('methods', 'OPTIONS', { method: 'OPTIONS' }, { roads: ['backend'] }),
  row(
    'methods',
    'PROPFIND with XML',
    { method: 'PROPFIND', headers: ['Depth: 1', 'Content-Type: application/xml', 'Content-Length: 4'], body: ['<a/>'] },
    { roads: ['backend'] },
  ),
  row(
    'methods',
    'QUERY with a body',
    { method: 'QUERY', headers: ['Content-Type: text/plain', 'Content-Length: 3'], body: ['q=1'] },
    { roads: ['backend'] },
  ),

  row('framing of requests', 'a body in three packets', {
    method: 'POST',
    headers: [octets, 'Content-Length: 9'],
    body: ['abc', 'def', 'ghi'],
  }),
  row('framing of requests', 'head and body in one packet', {
    method: 'POST',
    headers: [octets, 'Content-Length: 3'],
    body: ['abc'],
    inOnePiece: true,
  }),
  row('framing of requests', 'chunks', {
    method: 'POST',
    headers: [octets, 'Transfer-Encoding: chunked'],
    body: ['3\r\none\r\n', '3\r\ntwo\r\n0\r\n\r\n'],
  }),
  row('framing of requests', 'no chunk but the last', {
    method: 'POST',
    headers: [octets, 'Transfer-Encoding: chunked'],
    body: ['0\r\n\r\n'],
  }),
  row('framing of requests', 'chunks with extensions', {
    method: 'POST',
    headers: [octets, 'Transfer-Encoding: chunked'],
    body: ['3;a=b\r\none\r\n00\r\n\r\n'],
  }),
  row('framing of requests', 'chunks cut within their sizes', {
    method: 'POST',
    headers: [octets, 'Transfer-Encoding: chunked'],
    body: ['1', '0\r\n0123456789abcdef', '\r\n0\r\n', '\r\n'],
  }),
  row('framing of requests', 'JSON in chunks', {
    method: 'POST',
    headers: ['Content-Type: application/json', 'Transfer-Encoding: chunked'],
    body: ['5\r\n{"a":\r\n', '4\r\n1.0}\r\n0\r\n\r\n'],
  }),
  row('framing of requests', 'a length with a zero before it', { method: 'POST', headers: [octets, 'Content-Length: 03'], body: ['abc'] }),
  row('framing of requests', 'a body of all bytes', {
    method: 'POST',
    headers: [octets, 'Content-Length: 256'],
    body: [Buffer.from(Array.from({ length: 256 }, (_, at) => at)).toString('latin1')],
  }),
  row('framing of requests', 'a body of 300 kB', {
    method: 'POST',
    headers: [octets, 'Content-Length: 300000'],
    body: ['x'.repeat(300_000)],
  }),
  row(
    'framing of requests',
    'a trailer behind chunks',
    { method: 'POST', headers: [octets, 'Transfer-Encoding: chunked', 'Trailer: X-Sum'], body: ['3\r\none\r\n0\r\nX-Sum: 3\r\n\r\n'] },
    { differs: both({ 'request trailers': 'nothing of them is passed on (RFC 9110, 6.5.1, lets who forwards drop them)' }) },
  ),
  row('framing of requests', 'a form whose parts are packed bytes', {
    method: 'POST',
    headers: ['Content-Type: multipart/form-data; boundary="a b"', `Content-Length: ${form.length}`],
    body: [form],
  }),
  row(
    'framing of requests',
    'a form of a page',
    { method: 'POST', headers: ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 9'], body: ['a=1&b=%20'] },
    { roads: ['backend'] },
  ),

  row('expectations', '100-continue, waited for', {
    method: 'POST',
    headers: [octets, 'Content-Length: 3', 'Expect: 100-continue'],
    body: ['abc'],
    waitsFor100: true,
  }),
  row(
    'expectations',
    '100-continue, not waited for',
    { method: 'POST', headers: [octets, 'Content-Length: 3', 'Expect: 100-continue'], body: ['abc'], inOnePiece: true },
    { differs: both({ 'interim answers': 'Postern invites whoever asks to be invited, which clients must bear (RFC 9110, 15.2)' }) },
  ),

  row('heads of requests', 'blanks around values', { headers: ['Accept: \t application/json \t'] }),
  row(
    'heads of requests',
    'a header without a value',
    { headers: ['X-Empty:'] },
    { differs: { gateway: { 'request header x-empty': allowList } } },
  ),
  row(
    'heads of requests',
    'the same header twice, in order',
    { headers: ['X-Twice: b', 'X-Twice: a'] },
    { differs: { gateway: { 'request header x-twice': allowList } } },
  ),
  row('heads of requests', 'a list in two Accept lines', { headers: ['Accept: application/json', 'Accept: text/plain;q=0.5'] }),
  row('heads of requests', 'names in odd case', { headers: ['aCCEPT: text/plain', 'uSER-aGENT: odd/1.0 (very)'] }),
  row('heads of requests', 'a value beyond ASCII, as Latin-1', { headers: ['User-Agent: caf\xe9'] }),
  row(
    'heads of requests',
    'a value beyond ASCII, as UTF-8',
    { headers: ['X-Utf: caf\xc3\xa9'] },
    { differs: { gateway: { 'request header x-utf': allowList } } },
  ),
  row(
    'heads of requests',
    'a name of odd but legal characters',
    { headers: ["X!#$%&'*+.^`|~-9: 1"] },
    { differs: { gateway: { "request header x!#$%&'*+.^`|~-9": allowList } } },
  ),
  row(
    'heads of requests',
    'two hundred headers',
    { headers: Array.from({ length: 200 }, (_, at) => `X-Many-${at}: ${at}`) },
    { roads: ['backend'] },
  ),
  row('heads of requests', 'a head of 12 KiB', { headers: [`User-Agent: ${'v'.repeat(12_000)}`] }),
  row(
    'heads of requests',
    'a header that Connection names',
    { headers: ['Connection: keep-alive, X-Hop', 'X-Hop: 1'] },
    { differs: both({ 'request header x-hop': 'what Connection names ends with the connection (RFC 9110, 7.6.1)' }) },
  ),
  row(
    'heads of requests',
    'TE and a priority',
    { headers: ['TE: trailers', 'Connection: TE', 'Priority: u=1'] },
    { differs: { gateway: { 'request header priority': allowList } } },
  ),
  row('heads of requests', 'cookies in one line', { headers: ['Cookie: a=1; b="2"; c'] }, { roads: ['backend'] }),
  row(
    'heads of requests',
    'a language and a Content-Language',
    { headers: ['Accept-Language: de;q=0.5, *', 'Content-Language: de'] },
    { differs: { gateway: { 'request header content-language': allowList } } },
  ),
  row('heads of requests', 'an offer of another protocol', {
    headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
  }),
  row('heads of requests', 'an empty line before the request line', { leading: '\r\n' }),

  row('half-closed connections', 'the client ends its half behind a GET', { halfClose: true }, cut),
  row(
    'half-closed connections',
    'the client ends its half behind a body',
    { method: 'POST', headers: [octets, 'Content-Length: 3'], body: ['abc'], halfClose: true },
    cut,
  ),
  row(
    'half-closed connections',
    'the client ends its half and the answer comes in pieces',
    { halfClose: true },
    { ...cut, answered: { pieces: ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n\r\nabc', 'def', 'ghi'] } },
  ),
  row('half-closed connections', 'the upstream ends its half behind the answer', {}, { answered: { pieces: [ok], after: 'close' } }),

  row('HTTP/1.0', 'a GET with a host', { version: '1.0' }),
  row('HTTP/1.0', 'a GET that keeps the connection', { version: '1.0', headers: ['Connection: keep-alive'] }),
  row('HTTP/1.0', 'a POST', { version: '1.0', method: 'POST', headers: [octets, 'Content-Length: 3'], body: ['abc'] }),
  row(
    'HTTP/1.0',
    'an answer in chunks to one who knows none',
    { version: '1.0' },
    {
      answered: {
        pieces: ['HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\nas long as it is'],
        after: 'close',
      },
    },
  ),
]
