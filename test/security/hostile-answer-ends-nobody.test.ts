import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { say, sayAndReset, type Script, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js'

/*
 * Every field of an answer, over every road, at a process of its own: it lives, says one thing or hangs up, and
 * serves the next.
 */

type Case = readonly [what: string, script: Script]

const json = '{"id":"x","object":"chat.completion","choices":[]}'
const answer = (status = '200 OK', ...lines: readonly string[]): string =>
  `${[`HTTP/1.1 ${status}`, 'Content-Type: application/json', ...lines].join('\r\n')}\r\n`
const whole = (status = '200 OK', ...lines: readonly string[]): string =>
  `${answer(status, ...lines, `Content-Length: ${json.length}`)}\r\n${json}`
const code = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
const controls = Array.from({ length: 33 }, (_, index) => String.fromCharCode(index === 32 ? 0x7f : index)).filter(
  (each) => !'\t\r\n'.includes(each),
)

/** The last ones are no numbers, or nothing. */
const statusCodes =
  '000|001|042|099|1|99|199|200|204|205|226|299|300|304|306|399|418|451|499|500|511|599|600|777|999|1000|2000|20000|-1|+200|abc||2 0|0x1F4|2e2|\xb2\xb2'

const statuses = statusCodes.split('|').map((status): Case => [`status ${status}`, say(whole(`${status} OK`))])

const reasons: readonly Case[] = [
  ...controls.map((control): Case => [`a reason with ${code(control)}`, say(whole(`200 O${control}K`))]),
  ...controls.map((control): Case => [`a refusal whose reason is ${code(control)}`, say(whole(`404 ${control}`))]),
  ['a reason with a bare carriage return', say(whole('200 O\rK'))],
  ['a reason in Latin-1', say(whole('200 \xe9t\xe9'))],
  ['a reason in UTF-8', say(whole('200 \xc3\xa9\xe2\x82\xac'))],
  ['a reason in no encoding', say(whole('200 \xff\xfe\x80'))],
  ['no reason', say(whole('200 '))],
  ['no blank before no reason', say(whole('200'))],
  ['a reason of 12 kB', say(whole(`200 ${'x'.repeat(12_000)}`))],
  ['a reason of 1 MB', say(whole(`200 ${'x'.repeat(1_000_000)}`))],
]

const fields: readonly Case[] = [
  ...controls.map((control): Case => [`a value with ${code(control)}`, say(whole('200 OK', `X-A: a${control}b`))]),
  ...controls.map((control): Case => [`a name with ${code(control)}`, say(whole('200 OK', `X${control}A: a`))]),
  ...['', ' ', 'a b', 'é', '"', '(', ',', '{', '__proto__', 'constructor', 'toString', 'set-cookie', 'x'.repeat(9000)].map(
    (name): Case => [`the name ${name.slice(0, 12)}`, say(whole('200 OK', `${name}: a`))],
  ),
  ...['', '\xff\x80', '\xc3\xa9', ' \t ', 'x'.repeat(15_000), 'x'.repeat(200_000)].map(
    (value): Case => [`a value ${value.slice(0, 12)} of ${value.length}`, say(whole('200 OK', `X-A: ${value}`))],
  ),
  ['a line without a colon', say(whole('200 OK', 'X-A'))],
  ['a folded line', say(whole('200 OK', 'X-A: a', ' b'))],
  ['a line that ends in a bare line feed', say(whole('200 OK', 'X-A: a\nX-B: b'))],
  ['a line that ends in a bare carriage return', say(whole('200 OK', 'X-A: a\rX-B: b'))],
  ...[900, 1100, 3900, 20_000].map((count): Case => [`${count} lines`, say(whole('200 OK', ...Array.from({ length: count }, () => 'a:')))]),
  ['3000 cookies', say(whole('200 OK', ...Array.from({ length: 1500 }, () => 'set-cookie:a')))],
  ['Connection with everything', say(whole('200 OK', 'Connection: content-length, transfer-encoding, content-type, date, close'))],
  ['Connection with 15,000 blanks', say(whole('200 OK', `Connection: close,x${' '.repeat(15_000)}y`))],
  ['an odd Keep-Alive', say(whole('200 OK', 'Connection: keep-alive', 'Keep-Alive: timeout=-1, max=zero'))],
  ['a type of nothing', say(whole('200 OK', 'Content-Type: ;;;,,,'))],
  ['an event stream that is none', say(`${answer('200 OK', 'Content-Type: text/event-stream')}\r\n\xff\xfe\x00data\r\r\n`)],
  ['packed bytes that are none', say(whole('200 OK', 'Content-Encoding: gzip'))],
  ['a date of no time', say(whole('429 Slow', 'Retry-After: the day after'))],
  ['a redirect to nowhere', say(whole('302 Found', 'Location: \x80\xff'))],
  ['a challenge of nothing', say(whole('401 No', 'WWW-Authenticate:'))],
]

const chunked = (rest: string, ...lines: readonly string[]): string =>
  `${answer('200 OK', 'Transfer-Encoding: chunked', ...lines)}\r\n${rest}`
const size = json.length.toString(16)
const framing: readonly Case[] = [
  ['a length and chunks', say(chunked(`${size}\r\n${json}\r\n0\r\n\r\n`, 'Content-Length: 5'))],
  ...['-1', '+5', '5, 5', '5, 6', 'abc', '', '1e3', '99999999999999999999999999', '9007199254740993', '5 5', '0x5'].map(
    (length): Case => [`the length ${length}`, say(`${answer('200 OK', `Content-Length: ${length}`)}\r\n${json}`)],
  ),
  ['two lengths', say(`${answer('200 OK', 'Content-Length: 5', 'Content-Length: 6')}\r\n${json}`)],
  ...['gzip', 'chunked, gzip', 'gzip, chunked', 'identity', 'chunked, chunked', '', 'xchunked'].map(
    (encoding): Case => [
      `the encoding ${encoding}`,
      say(`${answer('200 OK', `Transfer-Encoding: ${encoding}`)}\r\n${size}\r\n${json}\r\n0\r\n\r\n`),
    ],
  ),
  ...['-5', '+5', 'zz', '', '5_', 'fffffffffffffffff', '7fffffffffffffff', '5 ', ' 5', '5;', `5;${'x'.repeat(20_000)}`, '5;a="\x00"'].map(
    (chunk): Case => [`a chunk of ${chunk.slice(0, 20)}`, say(chunked(`${chunk}\r\nhello\r\n0\r\n\r\n`))],
  ),
  ['a chunk that is too long', say(chunked(`${size}\r\n${json}xx\r\n0\r\n\r\n`))],
  ['a chunk that ends in a line feed', say(chunked(`${size}\n${json}\n0\n\n`))],
  ['a chunk that never ends', sayAndReset(chunked(`fffff\r\n${json}`))],
  ['trailers', say(chunked(`${size}\r\n${json}\r\n0\r\nX-A: a\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\n`, 'Trailer: X-A'))],
  ['10,000 trailers', say(chunked(`${size}\r\n${json}\r\n0\r\n${'a:\r\n'.repeat(10_000)}\r\n`))],
  ['a trailer with a control', say(chunked(`${size}\r\n${json}\r\n0\r\nX\x01: \x7f\r\n\r\n`))],
  ['a 204 with a body', say(whole('204 No Content'))],
  ['a 204 in chunks', say(`${answer('204 No', 'Transfer-Encoding: chunked')}\r\n5\r\nhello\r\n0\r\n\r\n`)],
  ['a 304 with a body', say(whole('304 Not Modified'))],
  ['more than the length', say(`${answer('200 OK', 'Content-Length: 5')}\r\n${json}`)],
  ['less than the length', say(`${answer('200 OK', 'Content-Length: 500')}\r\n${json}`)],
  ['no length', say(`${answer()}\r\n${json}`)],
]

const interim = (status: string, ...lines: readonly string[]): string => `${[`HTTP/1.1 ${status}`, ...lines].join('\r\n')}\r\n\r\n`
const order: readonly Case[] = [
  ...['100 Continue', '102 Processing', '103 Early', '110 \x07', '150 ', '199 x'].map(
    (status): Case => [`a ${status.slice(0, 3)} before the answer`, say(interim(status, 'Link: </a>'), whole())],
  ),
  ['2,000 interim answers', say(interim('103 Early', 'Link: </a>').repeat(2000), whole())],
  ['nothing but interim answers', (socket) => flood(socket, interim('102 Processing'))],
  ['nothing but 100', (socket) => flood(socket, interim('100 Continue'))],
  ['an interim answer with a body', say(`HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\nhello`, whole())],
  ['101 for nobody', say(interim('101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: h2c'), '\x00\x01\x02')],
  ['101 that says nothing', say(interim('101 \x7f'), whole())],
  ['101 to WebSocket', say(interim('101 Yes', 'Connection: Upgrade', 'Upgrade: websocket'), 'frames')],
  ['two answers', say(whole(), whole())],
  ['two answers, the first without a body', say(`${answer('200 OK', 'Content-Length: 0')}\r\n`, whole())],
  ['an answer and rubbish', say(whole(), '\x00\xff rubbish \r\n\r\n')],
  ['rubbish and an answer', say('\r\n\r\n\x00', whole())],
  ['blank lines and an answer', say('\r\n\r\n', whole())],
  ['nothing', (socket) => socket.end()],
  ['a reset', (socket) => socket.resetAndDestroy()],
  ['silence', () => {}],
  ...[
    'HTTP/1.1',
    'HTTP/0.9 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/1.2 200 OK',
    'http/1.1 200 OK',
    'ICY 200 OK',
    'HTTP /1.1 200',
    'PRI * HTTP/2.0',
    '\x16\x03\x01\x02',
  ].map((first): Case => [`it begins ${first}`, say(`${first}\r\nContent-Length: 2\r\n\r\nok`)]),
  ['HTTP/1.0', say(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${json}`)],
  ['an answer byte by byte', (socket) => drip(socket, whole())],
]

/** Bytes without an end, until nobody takes them. */
function flood(socket: Parameters<Script>[0], bytes: string): void {
  const timer = setInterval(() => socket.write(bytes.repeat(20)), 5)
  socket.on('close', () => clearInterval(timer))
}

function drip(socket: Parameters<Script>[0], bytes: string): void {
  let sent = 0
  const timer = setInterval(() => {
    socket.write(Buffer.from(bytes.slice(sent, sent + 3), 'latin1'))
    sent += 3
    if (sent >= bytes.length) socket.end()
  }, 1)
  socket.on('close', () => clearInterval(timer))
}

const canonical = chunked(`3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\nX-T: t\r\n\r\n`, 'X-A: b')
const breaks: readonly Case[] = Array.from({ length: canonical.length }, (_, index): Case[] => [
  [`its end after ${index} bytes`, say(canonical.slice(0, index))],
  [`a reset after ${index} bytes`, sayAndReset(canonical.slice(0, index))],
]).flat()

const groups: readonly (readonly [group: string, cases: readonly Case[]])[] = [
  ['statuses', statuses],
  ['reasons', reasons],
  ['fields', fields],
  ['framing', framing],
  ['orders', order],
  ['breaks', breaks],
]
const cases = groups.flatMap(([, each]) => each)

let upstream: ScriptedUpstream
let sidecar: OpenSidecar
/** What the backend is asked about a cookie is asked at one address. */
let identityCase = -1
beforeAll(async () => {
  upstream = await startScriptedUpstream((head) => {
    if (head.includes('/whose')) return cases[identityCase]?.[1]
    const index = Number(/[?&]case=(\d+)/.exec(head)?.[1])
    return Number.isNaN(index) ? say(whole()) : cases[index]?.[1]
  })
  sidecar = await openSidecar({
    backend: upstream.origin,
    gateway: `${upstream.origin}/v1`,
    config: {
      backend: { timeouts: { headers: '1s' } },
      gateways: {
        main: { dialect: 'openai', baseURL: `${upstream.origin}/v1`, attempts: 1, timeouts: { connect: '1s', headers: '1s', idle: '1s' } },
      },
      callers: {
        forwardAuth: { url: `${upstream.origin}/whose`, timeout: '1s', cache: '0s', claims: { user: 'id' } },
        // A set of keys is asked for once in a while: each case is an issuer of its own.
        jwt: cases.map((_, index) => ({
          issuer: issuerOf(index),
          audience: 'a',
          jwks: `${upstream.origin}/keys?case=${index}`,
          algorithms: ['RS256'],
          claims: { user: 'sub' },
        })),
      },
    },
  })
})
afterAll(async () => {
  await sidecar.close()
  await upstream.close()
})

const body = '{"model":"m","messages":[{"role":"user","content":"Hello"}]}'
const call = (query: string, text: string, ...lines: readonly string[]): string =>
  [
    `POST /ai/v1/chat/completions${query} HTTP/1.1`,
    'Host: a',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${text.length}`,
    ...lines,
    '',
    text,
  ].join('\r\n')
const page = (method: string, path: string, lines: readonly string[] = [], text = ''): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', text].join('\r\n')
const bearer = (credential: string): string => `Authorization: Bearer ${credential}`
function issuerOf(index: number): string {
  return `https://issuer.test/${index}`
}
const jwtOf = (index: number): string =>
  [
    { alg: 'RS256', typ: 'at+jwt', kid: 'k' },
    { iss: issuerOf(index), aud: 'a', sub: 'u', exp: 4e9 },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')

/** Every way to an answer of somebody else's; `index` says which it is. */
const roads: readonly (readonly [road: string, ask: (index: number) => string])[] = [
  ['a call', (index) => call(`?case=${index}`, body, bearer(sidecar.credential))],
  ['a streamed call', (index) => call(`?case=${index}`, body.replace('{', '{"stream":true,'), bearer(sidecar.credential))],
  ['a page', (index) => page('GET', `/page?case=${index}`)],
  ['a form', (index) => page('POST', `/page?case=${index}`, ['Content-Length: 3'], 'a=b')],
  ['a page’s head', (index) => page('HEAD', `/page?case=${index}`)],
  ['an upload', (index) => page('PUT', `/page?case=${index}`, ['Content-Length: 40000'], 'x'.repeat(40_000))],
  [
    'an upload in chunks that waits for its answer',
    (index) => page('POST', `/page?case=${index}`, ['Transfer-Encoding: chunked'], '5\r\nhello\r\n'),
  ],
  [
    'a WebSocket',
    (index) =>
      `GET /chat?case=${index} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  ],
]
const identities: readonly (readonly [road: string, ask: () => string])[] = [
  ['whose a cookie is', () => call('', body, `Cookie: sid=${identityCase}`, 'Origin: http://a', 'Sec-Fetch-Site: same-origin')],
  ['an issuer’s keys', () => call('', body, bearer(`${jwtOf(identityCase)}.c2ln`))],
]

/** How long an exchange may be silent, in milliseconds: longer than any bound that is configured here. */
const longestMs = 20_000

/** Everything that comes back until the connection ends. */
function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(sidecar.origin)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const finish = (): void => {
      socket.destroy()
      resolve(received)
    }
    socket.setTimeout(longestMs, () => {
      socket.destroy()
      reject(new Error(`Nothing more came and nobody hung up: ${bytes.slice(0, 60)}: ${received.slice(0, 200)}`))
    })
    socket.on('connect', () => socket.write(Buffer.from(bytes, 'latin1')))
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', finish)
  })
}

/** One head that HTTP has, or nothing. */
function expectOneAnswer(text: string, what: string): void {
  if (text === '') return
  const [line = ''] = text.split('\n', 1)
  expect(/^HTTP\/1\.1 (?:101|[2-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)\r$/.test(line), `${what}: ${line.slice(0, 100)}`).toBe(true)
  expect(text.match(/HTTP\/1\.1 \d/g), what).toHaveLength(1)
}

async function expectServed(): Promise<void> {
  expect(await exchange(page('GET', '/ok')), sidecar.stderr()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  // A connection that a hostile answer has left, and whose end is under way, may still break the next call.
  await vi.waitFor(async () => expect(await exchange(call('', body, bearer(sidecar.credential)))).toMatch(/^HTTP\/1\.1 200 OK\r\n/), {
    timeout: 15_000,
    interval: 50,
  })
  expect([sidecar.lives(), sidecar.stderr()]).toEqual([true, ''])
}

/** How many of one road are asked at once: those of all roads are fewer than one address may have under way. */
const atOnce = 10

describe.concurrent.each(roads)('hostile-answer-ends-nobody: to %s', (_, ask) => {
  test.sequential.each(groups)(
    '%s of any kind end nobody',
    async (_group, members) => {
      const first = cases.indexOf(members[0] as Case)
      const left = members.entries()
      const askInTurn = async (): Promise<void> => {
        for (const [index, [what]] of left) expectOneAnswer(await exchange(ask(first + index)), what)
      }
      await Promise.all(Array.from({ length: atOnce }, askInTurn))
      await expectServed()
    },
    180_000,
  )
})

/** How many questions came about a caller of this case. Whoever is lost is asked each second whether it is back, without a cookie, or for the keys of its own case. */
const questions = (): number =>
  upstream.heads.filter((head) => head.includes('\r\ncookie: ') || head.startsWith(`GET /keys?case=${identityCase} `)).length

describe.each(identities)('hostile-answer-ends-nobody: to the question %s', (_, ask) => {
  test.each(groups)(
    '%s of any kind let nobody in and end nobody',
    async (group, members) => {
      const first = cases.indexOf(members[0] as Case)
      // Of the breaks every fifth: these questions are asked one after the other.
      for (let index = 0; index < members.length; index += group === 'breaks' ? 5 : 1) {
        identityCase = first + index
        const asked = questions()
        const text = await exchange(ask())
        expectOneAnswer(text, members[index]?.[0] as string)
        expect(text, members[index]?.[0]).toMatch(/^HTTP\/1\.1 (?:401|403|429|503) /)
        expect(questions()).toBe(asked + 1)
      }
      await expectServed()
    },
    180_000,
  )
})
