import { describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import type { House } from '../support/house.js'
import { plainly } from '../support/lenient-upstream.js'
import { codeOf, rawChat, statusOf } from '../support/raw-chat.js'
import { rawExchange } from '../support/raw-exchange.js'

type Seen = House['emulator']['seen'][number]

/** Sends something of two readings; the answer, and what reached the gateway. */
async function show(house: House, send: (house: House) => Promise<string>): Promise<{ answer: string; seen: readonly Seen[] }> {
  const before = house.emulator.seen.length
  const answer = await send(house)
  expect(answer).toMatch(/^X-Request-ID: \S+\.[01]\r$/m)
  return { answer, seen: house.emulator.seen.slice(before) }
}

async function expectRefused(house: House, send: (house: House) => Promise<string>, status: number, code: string): Promise<void> {
  const { answer, seen } = await show(house, send)
  expect([statusOf(answer), codeOf(answer), seen.map(({ url }) => url)]).toEqual([status, code, []])
  expect(answer).toMatch(new RegExp(`^Postern-Refusal: ${code}\r$`, 'm'))
}

/** The values of a header in every spelling that reached the gateway. */
const valuesIn = (seen: Seen, name: string): string[] =>
  seen.headers.filter(([spelled]) => plainly(spelled) === name).map(([, value]) => value)

const trace = (first: string): string => `00-${first}af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`

/** Header lines beside the usual ones of a good call. */
const refusedHeaders: readonly (readonly [what: string, lines: readonly string[], status: number, code: string])[] = [
  ['two hosts', ['Host: evil.example'], 400, 'request_malformed'],
  ['two hosts that are the same', ['host: x'], 400, 'request_malformed'],
  ['two credentials', ['Authorization: Bearer other'], 400, 'request_malformed'],
  ['two credentials, one in small letters', ['authorization: Bearer other'], 400, 'request_malformed'],
  ['two credentials that look like nothing', ['AUTHORIZATION:'], 400, 'request_malformed'],
  ['two types', ['Content-Type: text/plain'], 400, 'request_malformed'],
  ['two types that are the same', ['content-type: application/json'], 400, 'request_malformed'],
  ['two types, one with an underscore', ['Content_Type: text/plain'], 400, 'request_malformed'],
  ['a type beside a list of types', ['CONTENT_TYPE: application/json, text/plain'], 400, 'request_malformed'],
  ['two workflows', ['X-Workflow-ID: a', 'X-Workflow-ID: b'], 400, 'tag_invalid'],
  ['two workflows that are the same', ['X-Workflow-ID: a', 'x-workflow-id: a'], 400, 'tag_invalid'],
  ['two steps', ['X-Step-ID: a', 'X-Step-ID: b'], 400, 'tag_invalid'],
  ['two parent steps', ['X-Parent-Step-ID: a', 'X-Parent-Step-ID: b'], 400, 'tag_invalid'],
  ['two lengths', ['Content-Length: 3'], 400, 'request_malformed'],
  ['two lengths, one in small letters', ['content-length: 0'], 400, 'request_malformed'],
  ['a length and chunks', ['Transfer-Encoding: chunked'], 400, 'request_malformed'],
  ['a length and chunks under another name', ['Transfer-Encoding: xchunked'], 400, 'request_malformed'],
  ['two encodings of the message', ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], 400, 'request_malformed'],
  ['an encoding of the body', ['Content-Encoding: deflate'], 415, 'media_type_unsupported'],
  ['two encodings of the body', ['Content-Encoding: identity', 'Content-Encoding: gzip'], 415, 'media_type_unsupported'],
  ['a NUL in a value', ['X-Note: a\0b'], 400, 'request_malformed'],
  ['a NUL in a name', ['X-No\0te: a'], 400, 'request_malformed'],
  ['an escape character in a value', ['X-Note: \x1b[31m'], 400, 'request_malformed'],
  ['a bare carriage return in a value', ['X-Note: a\rAuthorization: Bearer other'], 400, 'request_malformed'],
  ['a bare line feed in a value', ['X-Note: a\nAuthorization: Bearer other'], 400, 'request_malformed'],
  ['a name beyond ASCII', ['X-N\xf6te: a'], 400, 'request_malformed'],
  ['a name with a blank', ['X Note: a'], 400, 'request_malformed'],
  ['a blank before the colon', ['Authorization : Bearer other'], 400, 'request_malformed'],
  ['a name in brackets', ['(Authorization): Bearer other'], 400, 'request_malformed'],
  ['a step beyond ASCII', ['X-Step-ID: sch\xf6n'], 400, 'tag_invalid'],
  ['a twin of a workflow', ['X-Workflow-ID: a', 'X_Workflow_ID: b'], 400, 'tag_invalid'],
  ['a twin of a step', ['X-Step-ID: a', 'x_step-id: c'], 400, 'tag_invalid'],
  ['a twin of a workflow alone', ['X_Workflow_ID: b'], 400, 'tag_invalid'],
  ['a twin of whom it is for', ['Postern_Act_As: user=bob, team=globex'], 400, 'request_malformed'],
  ['for two users', ['Postern-Act-As: user=ada', 'Postern-Act-As: user=bob'], 403, 'delegation_not_allowed'],
  ['a twin of an encoding of the body', ['Content_Encoding: deflate'], 415, 'media_type_unsupported'],
  ['two keys of idempotency', ['Idempotency-Key: a', 'Idempotency-Key: b'], 400, 'request_malformed'],
  ['two keys of idempotency, one with underscores', ['Idempotency-Key: a', 'Idempotency_Key: b'], 400, 'request_malformed'],
  ['a key under a twin', ['X_Api-Key: sk-x'], 400, 'credential_in_request'],
]

/** Header lines that have one reading, since the gateway gets one of them or none. */
const readOnce: readonly (readonly [what: string, lines: readonly string[], name: string, values: (house: House) => readonly unknown[]])[] =
  [
    [
      'two traces',
      [`traceparent: ${trace('0')}`, `traceparent: ${trace('1')}`],
      'traceparent',
      () => [expect.not.stringMatching(/af7651916/)],
    ],
    ['two trace states', [`traceparent: ${trace('0')}`, 'tracestate: a=1', 'TRACESTATE: c=3'], 'tracestate', () => ['a=1, c=3']],
    ['two request ids', ['X-Request-ID: a', 'X-Request-ID: b', 'X_Request_ID: c'], 'x-request-id', () => [expect.stringMatching(/\.1$/)]],
    ['a twin of a length', ['Content_Length: 3'], 'content-length', () => [expect.stringMatching(/^\d\d+$/)]],
    ['a twin of an encoding of the message', ['Transfer_Encoding: chunked'], 'transfer-encoding', () => []],
    ['a twin of what Postern accepts', ['Accept_Encoding: gzip', 'Accept-Encoding: br'], 'accept-encoding', () => ['identity']],
    ['bytes beyond ASCII in a value', ['User-Agent: \xff\xfe\x80'], 'user-agent', () => ['\xff\xfe\x80']],
    ['a twin of another method', ['X_HTTP_Method_Override: DELETE'], 'x-http-method-override', () => []],
    ['a twin of another target', ['X_Original_URL: /v1/budget'], 'x-original-url', () => []],
  ]

const model = '"model":"auto"'
const unlimited = '"messages":[{"role":"user","content":"Hello"}]'
const messages = `"max_tokens":10,${unlimited}`

/** Bodies of an own length; one character a byte. */
const refusedBodies: readonly (readonly [what: string, bytes: string | Buffer, status: number, code: string])[] = [
  ['a model twice', `{${model},"model":"secret",${messages}}`, 400, 'request_malformed'],
  ['a model twice and the same', `{${model},${model},${messages}}`, 400, 'request_malformed'],
  ['a model in two cases', `{${model},"Model":"secret",${messages}}`, 400, 'request_malformed'],
  ['a model in capitals alone, which is none', `{"MODEL":"auto",${messages}}`, 403, 'model_not_allowed'],
  ['a model that is escaped', `{${model},"\\u006dodel":"secret",${messages}}`, 400, 'request_malformed'],
  ['a model that is escaped in another case', `{${model},"\\u004DODEL":"secret",${messages}}`, 400, 'request_malformed'],
  ['a model in full width', `{${model},"\uff4dodel":"secret",${messages}}`, 400, 'request_malformed'],
  ['messages twice, the second far below', `{${model},${messages},"a":[${'0,'.repeat(5000)}0],${messages}}`, 400, 'request_malformed'],
  ['a model in a list', `{"model":["auto"],${messages}}`, 403, 'model_not_allowed'],
  ['a model in an object', `{"model":{"id":"auto"},${messages}}`, 403, 'model_not_allowed'],
  ['a model that only __proto__ has', `{"__proto__":{${model}},${messages}}`, 403, 'model_not_allowed'],
  ['another model below __proto__', `{"__proto__":{"model":"secret"},${model},${messages}}`, 403, 'model_not_allowed'],
  ['more tokens below __proto__', `{"__proto__":{"max_tokens":1000000},${model},${messages}}`, 400, 'request_malformed'],
  ['another model of a constructor', `{"constructor":{"prototype":{"model":"secret"}},${model},${messages}}`, 403, 'model_not_allowed'],
  ['__proto__ twice', `{"__proto__":{},"__PROTO__":{},${model},${messages}}`, 400, 'request_malformed'],
  ['another byte than UTF-8 has', Buffer.from(`{${model},"a":"\xff",${messages}}`, 'latin1'), 400, 'request_malformed'],
  [
    'a letter of two bytes that needs one',
    Buffer.from(`{${model},"\xc1\xadodel":"secret",${messages}}`, 'latin1'),
    400,
    'request_malformed',
  ],
  ['half a pair in UTF-8', Buffer.from(`{${model},"a":"\xed\xa0\x80",${messages}}`, 'latin1'), 400, 'request_malformed'],
  ['a letter that is cut off', Buffer.from(`{${model},${messages},"a":"\xe2\x82"}`, 'latin1'), 400, 'request_malformed'],
  ['a letter beyond Unicode', Buffer.from(`{${model},"a":"\xf4\x90\x80\x80",${messages}}`, 'latin1'), 400, 'request_malformed'],
  ['UTF-16', Buffer.from(`{${model},${messages}}`, 'utf16le'), 400, 'request_malformed'],
  ['UTF-16 with its mark', Buffer.from(`\ufeff{${model},${messages}}`, 'utf16le').swap16(), 400, 'request_malformed'],
  ['a byte order mark', `\ufeff{${model},${messages}}`, 400, 'request_malformed'],
  ['a separator of records', `\x1e{${model},${messages}}\n`, 400, 'request_malformed'],
  ['a guard against scripts', `)]}',\n{${model},${messages}}`, 400, 'request_malformed'],
  ['a second object', `{${model},${messages}}{"model":"secret"}`, 400, 'request_malformed'],
  ['a second object on a line of its own', `{${model},${messages}}\n{"model":"secret",${messages}}`, 400, 'request_malformed'],
  ['a NUL behind it', `{${model},${messages}}\0`, 400, 'request_malformed'],
  ['a comma too many', `{${model},${messages},}`, 400, 'request_malformed'],
  ['a comma too few', `{${model} ${messages}}`, 400, 'request_malformed'],
  ['a comment', `{${model},/*"*/"model":"secret"/*"*/,${messages}}`, 400, 'request_malformed'],
  ['a comment to the end of the line', `{${model},//\n${messages}}`, 400, 'request_malformed'],
  ['single quotes', `{'model':'auto',${messages}}`, 400, 'request_malformed'],
  ['a name without quotes', `{model:"auto",${messages}}`, 400, 'request_malformed'],
  ['not a number', `{${model},"n":NaN,${messages}}`, 400, 'request_malformed'],
  ['infinity', `{${model},"n":-Infinity,${messages}}`, 400, 'request_malformed'],
  ['a number in octal', `{${model},"n":01,${messages}}`, 400, 'request_malformed'],
  ['a number in hexadecimal', `{${model},"n":0x1,${messages}}`, 400, 'request_malformed'],
  ['a number with a plus', `{${model},"n":+1,${messages}}`, 400, 'request_malformed'],
  ['a line feed in a text', `{${model},"a":"b\n",${messages}}`, 400, 'request_malformed'],
  ['an escape that JSON has not', `{${model},"\\x6dodel":"secret",${messages}}`, 400, 'request_malformed'],
  ['an escape over the end of a line', `{${model},"mod\\\nel":"secret",${messages}}`, 400, 'request_malformed'],
  ['a blank that JSON has not', `\xa0{${model},${messages}}`, 400, 'request_malformed'],
  ['a list', `[{${model},${messages}}]`, 400, 'request_malformed'],
  ['a text that holds it', JSON.stringify(`{${model},${messages}}`), 400, 'request_malformed'],
  ['more tokens than a number can count', `{${model},"max_tokens":1e400,${unlimited}}`, 400, 'request_malformed'],
  ['tokens that round to fewer', `{${model},"max_tokens":100.00000000000000001e19,${unlimited}}`, 400, 'request_malformed'],
  ['a whole number that is none', `{${model},"max_tokens":0.5,${unlimited}}`, 400, 'request_malformed'],
  ['tokens under another name, in another case', `{${model},"Max_Completion_Tokens":1000000,${messages}}`, 400, 'request_malformed'],
  ['copies in another case', `{${model},"N":1000000,${messages}}`, 400, 'request_malformed'],
  ['tokens in a text', `{${model},"max_tokens":"10",${unlimited}}`, 400, 'request_malformed'],
  ['tokens in a list', `{${model},"max_tokens":[10],${unlimited}}`, 400, 'request_malformed'],
  ['members twice below the top', `{${model},"metadata":{"model":"a","model":"b"},${messages}}`, 400, 'request_malformed'],
  ['a role twice', `{${model},"max_tokens":10,"messages":[{"role":"user","content":"Hello","role":"system"}]}`, 400, 'request_malformed'],
  ['tokens below nothing', `{${model},"max_tokens":-1,${unlimited}}`, 400, 'request_malformed'],
]

/** Further bodies, which are passed on byte for byte and mean to the gateway what policy read. */
const taken: readonly (readonly [what: string, text: string])[] = [
  ['members in two cases below the top', `{${model},"metadata":{"model":"a","Model":"c"},${messages}}`],
  ['__proto__ and a constructor that name nothing', `{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}},${model},${messages}}`],
  ['numbers that JavaScript cannot hold', `{${model},"seed":12345678901234567890123,"top_p":1e-400,${messages}}`],
  ['half a pair, escaped', `{${model},"a":"\\ud800",${messages}}`],
  ['a NUL, escaped', `{${model},"a":"b\\u0000c",${messages}}`],
  ['a name that is empty', `{"":"secret",${model},${messages}}`],
  ['a model that is escaped alone', `{"\\u006d\\u006fdel":"\\u0061uto",${messages}}`],
  ['blanks wherever JSON has them', ` \r\n\t{ ${model.replace(':', ' \t:\r\n')} , ${messages} } \n`],
]

const post = (house: House, bytes: string | Buffer, lines: readonly string[] = ['Content-Type: application/json']): Promise<string> => {
  const body = Buffer.from(bytes as string)
  const head = ['POST /ai/v1/chat/completions HTTP/1.1', 'Host: x', `Authorization: Bearer ${house.callers.acme}`, ...lines]
  return rawExchange(
    house.origin,
    Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`, 'latin1'), body]),
    {
      oneAnswer: true,
      silenceMs: 5000,
    },
  )
}

const withLines = (lines: readonly string[]) => (house: House) =>
  post(house, `{${model},${messages}}`, ['Content-Type: application/json', ...lines])
describe('parser-differential', () => {
  describe('targets of two readings', () => {
    forEachDoor({ gateway: 'freeai' }, (house) => {
      test.each([
        '/ai/v1/x/..;/debug/replay',
        '/ai/v1/x/..;a=b/debug/replay',
        '/ai/v1/.;/debug/replay',
        '/ai/v1/;/debug/replay',
        '/ai/v1/x/..;/chat/completions',
        '/ai/v1/..;/..;/admin',
      ])('a dot segment, or an empty one, with a parameter: %s', (path) =>
        expectRefused(house(), (at) => rawChat(at, [], { path }), 400, 'request_malformed'),
      )

      test.each([
        '?a;key=sk-x',
        '?a=b;api_key=sk-x',
        '?key[]=sk-x',
        '?key[0]=sk-x',
        '?key.x=sk-x',
        '?+key=sk-x',
        '?key%00=sk-x',
        '?x_api_key=sk-x',
      ])('a key in a query that is read otherwise: %s', (query) =>
        expectRefused(house(), (at) => rawChat(at, [], { path: `/ai/v1/chat/completions${query}` }), 400, 'credential_in_request'),
      )

      test('a target that is an authority, or a tunnel through the API', async () => {
        for (const target of ['evil.example:443', '/ai/v1/chat/completions'])
          expect(await rawExchange(house().origin, `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(
            /^HTTP\/1\.1 4\d\d [\s\S]*^X-Request-ID: \S+\r$/m,
          )
      })
    })
  })

  describe('members of two readings that policy reads below the top', () => {
    forEachDoor({ gateway: 'mintoken', config: { policies: { maxTokens: 100 } } }, (house) => {
      test.each([
        ['twice', '{"maxOutputTokens":1000000,"maxOutputTokens":10}'],
        ['in two cases', '{"maxOutputTokens":10,"MaxOutputTokens":1000000}'],
        ['once escaped', '{"max\\u004futputTokens":1000000,"maxOutputTokens":10}'],
      ])('a limit %s', (_, generation) =>
        expectRefused(
          house(),
          async (at) => {
            const body = `{"model":"gemini-2.0-flash","contents":[{"role":"user","parts":[{"text":"Hello"}]}],"generationConfig":${generation}}`
            return rawChat(at, [], { path: '/ai/v1/generateContent', body })
          },
          400,
          'request_malformed',
        ),
      )
    })
  })

  describe('headers of two readings', () => {
    forEachDoor({ gateway: 'freeai' }, (house, door) => {
      test.each(refusedHeaders)('%s: refused', (_, lines, status, code) => expectRefused(house(), withLines(lines), status, code))

      test.each(readOnce)('%s: read once', async (_, lines, name, values) => {
        const { answer, seen } = await show(house(), withLines(lines))
        expect([statusOf(answer), seen.length]).toEqual([200, 1])
        expect(valuesIn(seen[0] as Seen, name)).toEqual(values(house()))
      })

      test('a delegate who says for whom in a twin acts for nobody', () =>
        expectRefused(
          house(),
          (at) => rawChat(at, ['Postern_Act_As: team=acme'], { credential: at.callers.delegate }),
          400,
          'request_malformed',
        ))

      test('a delegate who says twice for whom acts for nobody', () =>
        expectRefused(
          house(),
          (at) => rawChat(at, ['Postern-Act-As: team=acme', 'Postern-Act-As: team=globex'], { credential: at.callers.delegate }),
          400,
          'request_malformed',
        ))

      test('a workflow is the one with hyphens, in the id and in the ledger', async () => {
        const { answer } = await show(house(), withLines(['X_Workflow_ID: theirs', 'X-Workflow-ID: ours']))
        expect(answer).toMatch(/^X-Request-ID: ours\._\./m)
        expect(house().ledger.entries.at(-1)).toMatchObject({ workflow: 'ours' })
      })

      test.each([
        'http://evil.example/ai/v1/chat/completions',
        'https://evil.example/v1/chat/completions',
        '//evil.example/ai/v1/chat/completions',
      ])('a target with a host of its own: %s', (target) => {
        // Express would take the path of a URL for one under the mount.
        const isUnderMount = door === 'express' && target.startsWith('http://evil.example/ai/')
        const [status, code] = isUnderMount ? ([400, 'request_malformed'] as const) : ([404, 'not_found'] as const)
        return expectRefused(house(), (at) => rawChat(at, [], { path: target }), status, code)
      })
    })
  })

  describe('bodies of two readings', () => {
    forEachDoor({ gateway: 'freeai', config: { policies: { models: ['auto'], maxTokens: 1000 } } }, (house) => {
      test.each(refusedBodies)('%s: refused', (_, bytes, status, code) => expectRefused(house(), (at) => post(at, bytes), status, code))

      test.each(taken)('%s: read once', async (_, text) => {
        const { answer, seen } = await show(house(), (at) => post(at, text))
        expect([statusOf(answer), seen.length]).toEqual([200, 1])
        expect(seen[0]?.body.toString()).toBe(text)
        expect(seen[0]?.json).toMatchObject({ model: 'auto', max_tokens: 10 })
        expect(house().ledger.entries.at(-1)).toMatchObject({ model_requested: 'auto' })
      })

      test.each([
        'application/json; charset=utf-7',
        'application/json; charset=utf-16',
        'application/json;charset="UTF-16LE"',
        "application/json; charset='utf-8'",
        'application/json; CharSet = latin1',
        'application/json; charset="utf-8\\"; x="',
        'application/json; charset=utf-8; charset=utf-7',
        'application/json; x=";charset=utf-8"; charset=utf-7',
        "application/json; charset*=utf-8''utf-7",
        'application/json, text/plain',
        'text/plain; a=application/json',
        'application/jsonp',
        'application/x-www-form-urlencoded',
        'application/json+xml',
        '',
      ])('a body of another alphabet or type: "%s"', (type) =>
        expectRefused(
          house(),
          (at) => post(at, `{${model},"+AG0-odel":"secret",${messages}}`, [`Content-Type: ${type}`]),
          400,
          'request_malformed',
        ),
      )
    })
  })
})
