import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import type { Choices } from '../choices.js'
import { completion } from '../stand/behind.js'
import { keyForms } from '../stand/key-forms.js'
import type { Script } from '../stand/upstream.js'
import { bytesOf, cutUp, mutate, run, utf8 } from './bytes.js'
import { eventStream, manyEvents } from './events.js'
import { bigJson, changed, jsonValue } from './json.js'
import { wordBytes } from './text.js'

/** What an answer is made from. */
export interface AnswerGrammar {
  /** Bodies that whoever asked would take. */
  readonly bodies: readonly { readonly type: string; readonly body: (choices: Choices) => string }[]
  /** Headers that mean something here. */
  readonly names: readonly string[]
  /** A loaded secret, to be planted; `undefined` where none may be. */
  readonly key: string | undefined
}

const statuses = [200, 200, 200, 201, 204, 206, 301, 302, 304, 400, 401, 402, 403, 404, 413, 422, 429, 500, 502, 503, 504]
const oddStatuses = [
  '000',
  '099',
  '100',
  '101',
  '102',
  '103',
  '199',
  '205',
  '299',
  '600',
  '999',
  '1000',
  '-1',
  '2000',
  '20',
  'abc',
  '0200',
  '',
]
const reasons = [
  'OK',
  '',
  'OK\x7f',
  'a\x01b',
  'a\tb',
  '\xe9t\xe9',
  '\xc3\xa9',
  'a\0b',
  'a\x1b[31m',
  'x'.repeat(5000),
  '\x80\x9f',
  ' two  words ',
  '\xff',
]
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2', 'http/1.1', 'HTTP/1.1 ']
const headerNames = [
  'Content-Type',
  'Connection',
  'Transfer-Encoding',
  'Content-Length',
  'Content-Encoding',
  'Set-Cookie',
  'Cache-Control',
  'Vary',
  'Location',
  'Retry-After',
  'Trailer',
  'Upgrade',
  'Keep-Alive',
  'WWW-Authenticate',
  'Access-Control-Allow-Origin',
  'Strict-Transport-Security',
  'Postern-Governance',
  'Postern-Refusal',
  'X-Request-ID',
  'x-should-retry',
  'Date',
  'X-Any',
  '__proto__',
]
const headerValues = [
  'x',
  '',
  'close',
  'x-any',
  '5',
  '0',
  'gzip',
  'a, b',
  '\xe9',
  '\x7f',
  'a\tb',
  '\x01',
  '{"request_id":"forged"}',
  'Thu, 01 Jan 1970 00:00:00 GMT',
]
const encodings = [
  'gzip',
  'deflate',
  'br',
  'gzip, br',
  'x-gzip',
  'identity',
  'gzip, gzip',
  'GZIP',
  'zstd',
  'raw deflate',
  '',
  'gzip;q=1',
] as const

/** An answer as a gateway or backend may give it that is broken, or means no good. */
export function answerScript(choices: Choices, grammar: AnswerGrammar): Script {
  const level = choices.below(10)
  const chosen = choices.pick(grammar.bodies)
  let body = chosen.body(choices)
  let type = chosen.type
  if (level >= 3 && choices.oneIn(4)) type = choices.pick(typesOf)
  if (level >= 3 && choices.oneIn(5)) body = otherBody(choices)
  if (level >= 2 && choices.oneIn(3)) body = plant(choices, body, grammar.key)
  if (level >= 6 && choices.oneIn(3)) body = mutate(choices, body)
  const headers: [string, string][] = type === '' ? [] : [['Content-Type', type]]
  if (choices.oneIn(5)) {
    const [packed, label] = encode(choices, body)
    body = packed
    headers.push(label)
  }
  if (level >= 4) headers.push(...choices.some(4, () => header(choices, grammar)))
  const first = `${level >= 5 ? choices.pick(versions) : 'HTTP/1.1'} ${status(choices, level)} ${level >= 4 && choices.oneIn(3) ? choices.pick(reasons) : 'OK'}`
  const { lines, payload } = frame(choices, body, level)
  let text = `${interim(choices, level)}${[first, ...[...headers, ...lines].map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n${payload}`
  if (level >= 8 && choices.oneIn(2)) text = mutate(choices, text)
  if (level >= 5 && choices.oneIn(6)) text = text.slice(0, choices.below(text.length))
  if (level >= 5 && choices.oneIn(12))
    text += choices.pick(['HTTP/1.1 200 OK\r\nX-Split: 1\r\nContent-Length: 0\r\n\r\n', 'x', '\r\n', '\0'])
  const ending = level < 3 ? 'keep' : choices.pick(['keep', 'keep', 'close', 'close', 'reset', 'hang'] as const)
  return { pieces: cutUp(choices, text), pauseMs: choices.oneIn(8) ? 1 : 0, ending }
}

const typesOf = [
  'application/json',
  'text/event-stream',
  'text/html',
  'text/plain; charset=utf-16',
  'application/octet-stream',
  'application/x-event-stream',
  'audio/mpeg',
  'application/problem+json',
  'application/x-ndjson',
  'TEXT/EVENT-STREAM; charset=utf-8',
  'application/json; charset=utf-16le',
  'multipart/mixed; boundary=x',
  '',
  'x',
  'text/event-stream, application/json',
]

function otherBody(choices: Choices): string {
  switch (choices.below(7)) {
    case 0:
      return utf8(JSON.stringify(jsonValue(choices)))
    case 1:
      return eventStream(choices)
    case 2:
      return choices.oneIn(8) ? manyEvents(choices, 65_536) : manyEvents(choices, 3000)
    case 3:
      return choices.oneIn(30) ? bigJson(choices, 400_000) : bigJson(choices, 4000)
    case 4:
      return '<!doctype html><h1>Bad gateway</h1>'
    case 5:
      return run(choices, 20_000)
    default:
      return wordBytes(choices)
  }
}

function status(choices: Choices, level: number): string {
  if (level < 3 || choices.oneIn(2)) return '200'
  return level >= 6 && choices.oneIn(4) ? choices.pick(oddStatuses) : String(choices.pick(statuses))
}

function header(choices: Choices, { names, key }: AnswerGrammar): [string, string] {
  const name = choices.oneIn(2) ? choices.pick([...headerNames, ...names]) : choices.pick(headerNames)
  switch (choices.below(6)) {
    case 0:
    case 1:
    case 2:
      return [name, choices.pick(headerValues)]
    case 3:
      return [name, plant(choices, choices.pick(headerValues), key)]
    case 4:
      return choices.oneIn(8) ? [name, `close,x${run(choices, 12_000)}`] : [name, wordBytes(choices)]
    default:
      return [mutate(choices, name), 'x']
  }
}

/** The key in one form, at some place of the text. */
function plant(choices: Choices, text: string, key: string | undefined): string {
  if (key === undefined) return text
  const form = choices.pick(keyForms)
  const written = form.write(key)
  // Within a text of JSON, so that what holds it can still be read; or anywhere.
  const quoted = text.indexOf('Hello')
  const at = quoted !== -1 && !choices.oneIn(4) ? quoted : choices.below(text.length + 1)
  return text.slice(0, at) + written + text.slice(at)
}

function encode(choices: Choices, body: string): [string, [string, string]] {
  const name = choices.pick(encodings)
  const bytes = bytesOf(body)
  const pack = (one: string, packed: Buffer): Buffer => {
    if (/gzip/i.test(one)) return gzipSync(packed, { level: 1 })
    if (one === 'raw deflate') return deflateRawSync(packed, { level: 1 })
    if (one === 'deflate') return deflateSync(packed, { level: 1 })
    return one === 'br' ? brotliCompressSync(packed, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } }) : packed
  }
  const packed = name.split(', ').reduce((done, one) => pack(one, done), bytes)
  const isLabelled = !choices.oneIn(8)
  const label: [string, string] = isLabelled ? ['Content-Encoding', name.replace('raw ', '')] : ['X-Any', 'x']
  return [packed.toString('latin1'), label]
}

function frame(choices: Choices, body: string, level: number): { readonly lines: [string, string][]; readonly payload: string } {
  const length: [string, string] = ['Content-Length', String(body.length)]
  switch (choices.below(level < 5 ? 3 : 8)) {
    case 0:
      return { lines: [length], payload: body }
    case 1:
    case 2: {
      const size =
        choices.oneIn(4) && body.length < 2000 ? choices.between(1, 40) : Math.max(1, Math.ceil(body.length / choices.between(1, 5)))
      const parts = Array.from({ length: Math.ceil(body.length / size) }, (_, index) => body.slice(index * size, index * size + size))
      const chunks = parts.map((part) => `${part.length.toString(16)}${level >= 5 && choices.oneIn(20) ? ';x=y' : ''}\r\n${part}\r\n`)
      const trailers =
        level >= 5 && choices.oneIn(6) ? choices.pick(['X-Trailer: x\r\n', 'Content-Length: 5\r\n', ': x\r\n', 'X\x7f: \x01\r\n']) : ''
      return { lines: [['Transfer-Encoding', 'chunked']], payload: `${chunks.join('')}0\r\n${trailers}\r\n` }
    }
    case 3:
      return { lines: [['Content-Length', String(Math.max(0, body.length + choices.between(-3, 3)))]], payload: body }
    case 4:
      return { lines: [], payload: body }
    case 5:
      return { lines: [length, ['Transfer-Encoding', 'chunked']], payload: body }
    case 6:
      return {
        lines: [['Transfer-Encoding', choices.pick(['gzip, chunked', 'identity', 'chunked, gzip', 'Chunked'])]],
        payload: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      }
    default:
      return { lines: [length, ['Content-Length', choices.pick(['0', '5', '+1', '-1', '1e3'])]], payload: body }
  }
}

function interim(choices: Choices, level: number): string {
  if (level < 5 || !choices.oneIn(8)) return ''
  const one = choices.pick([
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
    'HTTP/1.1 102 Processing\r\n\r\n',
    'HTTP/1.1 199 x\x7f\r\n\r\n',
  ])
  return one.repeat(choices.oneIn(8) ? 300 : choices.between(1, 3))
}

/** JSON that an endpoint of this name answers with, or nearly. */
export const chatBody = { type: 'application/json', body: (choices: Choices) => utf8(JSON.stringify(changed(choices, completion))) }
export const streamBody = { type: 'text/event-stream', body: eventStream }
export const errorBody = {
  type: 'application/json',
  body: (choices: Choices) =>
    utf8(JSON.stringify(changed(choices, { error: { message: 'Hello', type: 'invalid_request_error', code: 'x', param: null } }))),
}
export const pageBody = { type: 'text/html; charset=utf-8', body: () => '<!doctype html><h1>Hello</h1>' }
