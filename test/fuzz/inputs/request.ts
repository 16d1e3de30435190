import type { Choices } from '../choices.js'
import type { Leave, Visit } from '../stand/exchange.js'
import { plantedShape } from '../stand/key-forms.js'
import { cutUp, mutate, run } from './bytes.js'
import { wordBytes } from './text.js'

/** One request before it is bytes. */
export interface RequestParts {
  method: string
  target: string
  version: string
  headers: [name: string, value: string][]
  body: string
  framing: 'none' | 'length' | 'chunks'
}

/** What is thrown at a door that takes requests. */
export interface RequestGrammar {
  /** A request that the door would take. */
  readonly sound: (choices: Choices) => RequestParts
  /** Further paths that are worth a try. */
  readonly targets: readonly string[]
}

/** Hidden in bodies: if a server behind Postern ever sees it as a request, something has let it through. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: sidecar.test\r\nX-Forwarded-For: 203.0.113.6\r\n\r\n'

const methods = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'M-SEARCH', 'FOO']
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/0.9', 'HTTP/1.1 ', 'ICE/1.0']
const names = [
  'Connection',
  'Content-Length',
  'Transfer-Encoding',
  'Host',
  'Content-Type',
  'Content-Encoding',
  'Authorization',
  'Cookie',
  'Expect',
  'Upgrade',
  'Origin',
  'X-Request-ID',
  'X-Workflow-ID',
  'X-Step-ID',
  'Postern-Act-As',
  'DPoP',
  'Accept',
  'Accept-Encoding',
  'X-Forwarded-For',
  'Forwarded',
  'Keep-Alive',
  'TE',
  'Trailer',
  'Range',
  'If-None-Match',
  'traceparent',
  'tracestate',
  'baggage',
  'Idempotency-Key',
  'Sec-Fetch-Site',
  'Access-Control-Request-Method',
  'X-Api-Key',
  'Content_Length',
  'Transfer_Encoding',
  'Proxy-Connection',
  'X-Any',
  '__proto__',
]
const values: Readonly<Record<string, readonly string[]>> = {
  Connection: [
    'close',
    'keep-alive',
    'upgrade',
    'close, x',
    'x-any',
    'content-length',
    'transfer-encoding',
    'host, authorization',
    ',',
    'close,keep-alive',
  ],
  'Content-Length': ['0', '5', '00005', '+5', '5, 5', '5,6', '-1', '0x5', '18446744073709551617', '5 ', ''],
  'Transfer-Encoding': [
    'chunked',
    'Chunked',
    'gzip, chunked',
    'chunked, chunked',
    'identity',
    'chunked;q=1',
    ' chunked',
    'chunked\t',
    'xchunked',
    '',
  ],
  Host: ['sidecar.test', 'a:99999', 'a b', '[', 'a%', '', 'a/b', 'user@host', '127.0.0.1:1', '[::1]:80', 'a,b', '\xe9'],
  'Content-Type': [
    'application/json',
    'text/plain',
    'application/json; charset=utf-16',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    '',
    ';;;',
  ],
  'Content-Encoding': ['gzip', 'identity', 'br', 'deflate, gzip', 'x', ''],
  Expect: ['100-continue', 'x', '100-continue, x'],
  Upgrade: ['websocket', 'h2c', 'websocket, h2c', 'TLS/1.0'],
  Origin: ['https://app.example.com', 'null', 'http://sidecar.test', 'x'],
  Authorization: ['Bearer x', 'Bearer', 'DPoP x', 'Basic eDp5', `Bearer ${plantedShape}`, 'Bearer a.b.c', ''],
  'X-Request-ID': ['1', plantedShape, '_._.01ARZ3NDEKTSV4RRFFQ69G5FAV.1', ''],
  'X-Workflow-ID': ['onboarding', plantedShape, 'a.b', ''],
  traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '00-0-0-0', 'x'],
}

function header(choices: Choices): [string, string] {
  const name = choices.pick(names)
  const known = Object.hasOwn(values, name) ? values[name] : undefined
  switch (choices.below(6)) {
    case 0:
    case 1:
    case 2:
      return [name, known === undefined ? wordBytes(choices) : choices.pick(known)]
    case 3:
      return [name, wordBytes(choices)]
    case 4:
      return [choices.oneIn(2) ? name.toLowerCase() : name.toUpperCase(), known === undefined ? 'x' : choices.pick(known)]
    default:
      return choices.oneIn(6) ? [name, `${known?.[0] ?? 'x'},x${run(choices, 15_500)}x`] : [mutate(choices, name), 'x']
  }
}

/** A body in its framing; chunks in sizes, spellings and with extensions as they may be. */
function framed(
  choices: Choices,
  { headers, body, framing }: RequestParts,
  isSound: boolean,
): { readonly lines: [string, string][]; readonly payload: string } {
  if (framing === 'none') return { lines: headers, payload: '' }
  if (framing === 'length') return { lines: [...headers, ['Content-Length', String(body.length)]], payload: body }
  const chunks: string[] = []
  for (let at = 0; at < body.length; ) {
    const size = choices.oneIn(3) ? choices.between(1, 16) : body.length - at
    const part = body.slice(at, at + size)
    const spelled = choices.pick([part.length.toString(16), part.length.toString(16).toUpperCase(), `00${part.length.toString(16)}`])
    chunks.push(`${spelled}${choices.oneIn(8) ? ';a=b' : ''}\r\n${part}\r\n`)
    at += part.length
    if (chunks.length > 200) return { lines: headers, payload: '' }
  }
  const trailers = choices.oneIn(8) ? choices.pick(['X-Trailer: x\r\n', isSound ? '' : 'Content-Length: 3\r\n']) : ''
  return { lines: [...headers, ['Transfer-Encoding', 'chunked']], payload: `${chunks.join('')}0\r\n${trailers}\r\n` }
}

function write(choices: Choices, parts: RequestParts, isSound: boolean): string {
  const { lines, payload } = framed(choices, parts, isSound)
  // More lines than Node hands on: what decides on the framing can stand behind them.
  const filling = !isSound && choices.oneIn(40) ? choices.pick([996, 999, 1000, 1001, 1999, 2000]) : 0
  const head = [
    `${parts.method} ${parts.target} ${parts.version}`,
    ...lines.slice(0, 2).map(([name, value]) => `${name}: ${value}`),
    ...Array.from({ length: filling }, () => 'a: b'),
    ...lines.slice(2).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${head.join('\r\n')}\r\n\r\n${payload}`
}

/** Changes a request as a client might that knows HTTP, and means no good. */
function twist(choices: Choices, parts: RequestParts, { targets }: RequestGrammar): void {
  for (let times = choices.between(1, 3); times > 0; times -= 1) {
    switch (choices.below(9)) {
      case 0:
        parts.headers.splice(choices.below(parts.headers.length + 1), 0, header(choices))
        break
      case 1:
        parts.target = choices.pick(targets)
        break
      case 2:
        parts.method = choices.pick(methods)
        break
      case 3:
        parts.framing = choices.pick(['none', 'length', 'chunks'] as const)
        break
      case 4:
        parts.headers.splice(choices.below(parts.headers.length), 1)
        break
      case 5:
        parts.body = choices.pick([smuggled, `0\r\n\r\n${smuggled}`, '', parts.body + smuggled, `5\r\nhello\r\n0\r\n\r\n${smuggled}`])
        break
      case 6:
        parts.version = choices.pick(versions)
        break
      case 7:
        parts.target += choices.pick([
          '?a=b',
          '?key=x',
          '#x',
          '/../..',
          '//',
          `/${plantedShape}`,
          '%2e%2e',
          '?',
          ';x',
          '\x80',
          '%ff',
          '?token=x',
        ])
        break
      default:
        parts.headers.push(...Array.from({ length: choices.between(1, 4) }, () => header(choices)))
    }
  }
}

/** A visit to a door, and whether every request in it is sound. */
export interface RequestVisit extends Visit {
  readonly isSound: boolean
}

/** One connection's worth of requests: sound ones, twisted ones, and bytes that are none. */
export function requestVisit(choices: Choices, grammar: RequestGrammar): RequestVisit {
  const strange = choices.below(8)
  const count = choices.oneIn(4) ? choices.pick([2, 3, 5, 5, 40]) : 1
  const parts = Array.from({ length: count }, () => grammar.sound(choices))
  if (strange >= 1) for (const part of parts) if (strange < 6 || choices.oneIn(2)) twist(choices, part, grammar)
  let text = parts.map((part) => write(choices, part, strange === 0)).join('')
  const isMutated = strange >= 5
  if (isMutated) text = mutate(choices, text)
  const isSound = strange === 0
  const leave: Leave = choices.oneIn(6) ? choices.pick(['half closed', 'gone when sent', 'gone when answered'] as const) : 'answered'
  return {
    pieces: cutUp(choices, text),
    pauseMs: choices.oneIn(8) ? 1 : 0,
    methods: parts.map(({ method }) => method),
    expected: isSound && leave === 'answered' ? count : undefined,
    leave,
    isSound,
  }
}
