import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachDoor } from '../support/for-each-door.js'
import { type LenientUpstream, plainly, readLeniently, startLenientUpstream } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { opened } from '../support/opened.js'
import { type RawAnswer, rawConnection } from '../support/raw-connection.js'

/** How a request begins, and where one that is hidden in it would lead. */
interface Beginning {
  /** Request line and headers, without those that say where the request ends. */
  readonly head: readonly string[]
  /** A body that would be taken. */
  readonly body: string
}

const hidden = 'GET /v1/smuggled HTTP/1.1\r\nHost: x\r\nX-Smuggled: yes\r\n\r\n'
const chunk = (text: string, size: string = text.length.toString(16)): string => `${size}\r\n${text}\r\n`
const end = '0\r\n\r\n'

/** A message, from how it begins; `lines` end with the blank one. */
type Message = (beginning: Beginning) => string
const message =
  (lines: readonly string[], rest: (body: string) => string): Message =>
  ({ head, body }) =>
    `${[...head, ...lines].join('\r\n')}\r\n\r\n${rest(body)}`
const chunked = (rest: (body: string) => string, ...further: readonly string[]): Message =>
  message(['Transfer-Encoding: chunked', ...further], rest)
const encoded = (...lines: readonly string[]): Message => message(lines, (body) => chunk(body) + end + hidden)
/** The length is the body's, and behind it something hides. */
const sized = (write: (length: number) => readonly string[]): Message => {
  return ({ head, body }) => `${[...head, ...write(body.length)].join('\r\n')}\r\n\r\n${body}${hidden}`
}

/** Framing that nobody may guess at. */
const refused: readonly (readonly [what: string, send: Message])[] = [
  ['CL.TE', message(['Content-Length: 60', 'Transfer-Encoding: chunked'], () => end + hidden)],
  ['TE.CL', message(['Transfer-Encoding: chunked', 'Content-Length: 4'], () => chunk(hidden) + end)],
  ['TE.0', message(['Content-Length: 0', 'Transfer-Encoding: chunked'], () => chunk(hidden) + end)],
  ['an encoding that is called nearly chunked', encoded('Transfer-Encoding: xchunked')],
  ['an encoding behind chunks', encoded('Transfer-Encoding: chunked, identity')],
  ['no encoding that ends', encoded('Transfer-Encoding: identity')],
  ['gzip alone', encoded('Transfer-Encoding: gzip')],
  ['an encoding in quotes', encoded('Transfer-Encoding: "chunked"')],
  ['an encoding with a parameter', encoded('Transfer-Encoding: chunked;q=1')],
  ['a blank before the colon', encoded('Transfer-Encoding : chunked')],
  ['a tab before the colon', encoded('Transfer-Encoding\t: chunked')],
  ['a vertical tab before the encoding', encoded('Transfer-Encoding: \x0bchunked')],
  ['a form feed behind the encoding', encoded('Transfer-Encoding: chunked\x0c')],
  ['a tab behind the encoding', encoded('Transfer-Encoding: chunked \t')],
  ['a NUL behind the encoding', encoded('Transfer-Encoding: chunked\0')],
  ['two encodings, the second unknown', encoded('Transfer-Encoding: chunked', 'Transfer-Encoding: cow')],
  ['two encodings, the second empty', encoded('Transfer-Encoding: chunked', 'Transfer-Encoding: ,')],
  ['gzip below chunks', encoded('Transfer-Encoding: gzip, chunked')],
  ['an unknown encoding below chunks', encoded('Transfer-Encoding: cow,chunked')],
  ['no encoding below chunks', encoded('Transfer-Encoding: identity, Chunked')],
  [
    'chunks in HTTP/1.0',
    (written) => encoded('Connection: keep-alive', 'Transfer-Encoding: chunked')(written).replace('HTTP/1.1', 'HTTP/1.0'),
  ],
  ['chunks in chunks', encoded('Transfer-Encoding: chunked, chunked')],
  ['an empty encoding below chunks', encoded('Transfer-Encoding: , chunked')],
  ['deflate below chunks, on a line of its own', encoded('Transfer-Encoding: deflate', 'TRANSFER-ENCODING: chunked')],
  ['chunks in chunks, on two lines', encoded('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
  ['an encoding behind a bare line feed', encoded('X-A: b\nTransfer-Encoding: chunked')],
  ['an encoding behind a bare carriage return', encoded('X-A: b\rTransfer-Encoding: chunked')],
  ['an encoding on a folded line', encoded('Transfer-Encoding:\r\n chunked', 'Content-Length: 4')],
  ['an encoding with a folded end', encoded('Transfer-Encoding: chunked\r\n , identity')],
  ['a length on a folded line', sized((length) => [`Content-Length:\r\n ${length}`, 'Content-Length: 0'])],
  ['a first line that is folded', sized((length) => [' X-Folded: 1', `Content-Length: ${length}`, 'Content-Length: 0'])],
  ['a head of bare line feeds', ({ head, body }) => `${head.join('\n')}\nContent-Length: ${body.length}\n\n${body}${hidden}`],
  [
    'a head that ends in a bare line feed',
    ({ head, body }) => `${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\n${body}${hidden}`,
  ],
  ['a length below nothing', sized((length) => [`Content-Length: -${length}`])],
  ['a length with a plus', sized((length) => [`Content-Length: +${length}`])],
  ['a length with a blank in it', sized((length) => [`Content-Length: ${length} 0`])],
  ['a length in hexadecimal', sized((length) => [`Content-Length: 0x${length.toString(16)}`])],
  ['a length with a fraction', sized((length) => [`Content-Length: ${length}.0`])],
  ['a length with an exponent', sized((length) => [`Content-Length: ${length}e0`])],
  ['a length with an underscore', sized((length) => [`Content-Length: ${length}_0`])],
  ['a length that is no length', sized(() => ['Content-Length:'])],
  ['a length beyond 64 bits', sized((length) => [`Content-Length: 1844674407370955${1616 + length}`])],
  ['a length in other digits', sized((length) => [`Content-Length: \xb2${length}`])],
  ['a list of lengths', sized((length) => [`Content-Length: ${length}, ${length}`])],
  ['two lengths', sized((length) => ['Content-Length: 0', `Content-Length: ${length}`])],
  ['two lengths that are the same', sized((length) => [`Content-Length: ${length}`, `content-length: ${length}`])],
  ['two lengths that are the same but for zeros', sized((length) => [`Content-Length: ${length}`, `Content-Length: 00${length}`])],
  ['a chunk that is larger than 64 bits', chunked((body) => chunk(body, `1000000000000000${body.length.toString(16)}`) + end + hidden)],
  ['a chunk whose size has zeros beyond 64 bits', chunked((body) => chunk(body, `f${'0'.repeat(20)}`) + end + hidden)],
  ['a chunk whose size is below nothing', chunked((body) => chunk(body, `-${body.length.toString(16)}`) + end + hidden)],
  ['a chunk whose size has a plus', chunked((body) => chunk(body, `+${body.length.toString(16)}`) + end + hidden)],
  ['a chunk whose size begins with 0x', chunked((body) => chunk(body, `0x${body.length.toString(16)}`) + end + hidden)],
  ['a chunk whose size begins with a blank', chunked((body) => chunk(body, ` ${body.length.toString(16)}`) + end + hidden)],
  ['a chunk whose size ends with a tab', chunked((body) => chunk(body, `${body.length.toString(16)}\t`) + end + hidden)],
  ['a chunk whose size has an underscore', chunked((body) => chunk(body, `0_${body.length.toString(16)}`) + end + hidden)],
  ['a chunk without a size', chunked((body) => chunk(body, '') + end + hidden)],
  ['a chunk whose size ends in a bare line feed', chunked((body) => `${body.length.toString(16)}\n${body}\r\n${end}${hidden}`)],
  ['a chunk whose size ends in a bare carriage return', chunked((body) => `${body.length.toString(16)}\rX${body}\r\n${end}${hidden}`)],
  ['a chunk that ends in a bare line feed', chunked((body) => `${body.length.toString(16)}\r\n${body}\n${end}${hidden}`)],
  ['a chunk that is longer than it says', chunked((body) => `${body.length.toString(16)}\r\n${body}${hidden}\r\n${end}`)],
  ['a chunk that ends in two other characters', chunked((body) => `${body.length.toString(16)}\r\n${body}XX${end}${hidden}`)],
  ['an extension with a bare line feed in it', chunked((body) => `${body.length.toString(16)};a\n${body}\r\n${end}${hidden}`)],
  ['an extension with a NUL in it', chunked((body) => chunk(body, `${body.length.toString(16)};a=\0`) + end + hidden)],
  ['an extension of a megabyte', chunked((body) => chunk(body, `${body.length.toString(16)};a=${'b'.repeat(1_000_000)}`) + end + hidden)],
  ['a last chunk with a bare line feed', chunked((body) => `${chunk(body)}0\n\n${hidden}`)],
  ['a trailer that says a length', chunked((body) => `${chunk(body)}0\r\nContent-Length: 60\r\n\r\n${hidden}`)],
  [
    'a trailer that says an encoding',
    chunked((body) => `${chunk(body)}0\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${hidden}`),
  ],
  ['a trailer without a colon', chunked((body) => `${chunk(body)}0\r\n${hidden}`)],
]

/** Framing that has one meaning, whatever is hidden in it. */
const admitted: readonly (readonly [what: string, send: Message])[] = [
  ['a request in the value of a header', sizedAlone('X-A: b GET /v1/smuggled HTTP/1.1')],
  ['a size with zeros before it', chunked((body) => chunk(body, `000000${body.length.toString(16)}`) + end)],
  ['a size in capitals', chunked((body) => chunk(body, body.length.toString(16).toUpperCase()) + end)],
  ['an extension', chunked((body) => chunk(body, `${body.length.toString(16)};name=value`) + `0;last\r\n\r\n`)],
  [
    'an extension with a request in quotes',
    chunked((body) => chunk(body, `${body.length.toString(16)};a="GET /v1/smuggled HTTP/1.1"`) + end),
  ],
  [
    'one byte a chunk',
    chunked(
      (body) =>
        body
          .split('')
          .map((byte) => chunk(byte))
          .join('') + end,
    ),
  ],
  ['an encoding in odd case', message(['transfer-ENCODING: cHuNkEd'], (body) => chunk(body) + end)],
  ['an encoding behind blanks', message(['Transfer-Encoding:  \tchunked'], (body) => chunk(body) + end)],
  [
    'trailers that carry headers',
    chunked(
      (body) => `${chunk(body)}0\r\nX-Smuggled: yes\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: Bearer other\r\nHost: other\r\n\r\n`,
      'Trailer: X-Smuggled',
      'TE: trailers',
    ),
  ],
  ['an expectation', sizedAlone('Expect: 100-continue')],
  ['a length with zeros before it', ({ head, body }) => `${[...head, `Content-Length: 000${body.length}`].join('\r\n')}\r\n\r\n${body}`],
  ['blank lines before it', (beginning) => `\r\n\r\n${sizedAlone('X-A: b')(beginning)}`],
  ['an encoding that Connection names', chunked((body) => chunk(body) + end, 'Connection: transfer-encoding')],
  ['a length that Connection names', sizedAlone('Connection: content-length')],
]

function sizedAlone(line: string): Message {
  return ({ head, body }) => `${[...head, line, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`
}

/** What every server finds, whatever it believes, in what reached an upstream. */
function foundIn(taken: readonly string[]): {
  readonly targets: readonly string[]
  readonly whole: number
  readonly names: readonly string[]
} {
  const found = taken.map((bytes) => {
    const { chunks, ...others } = readLeniently(bytes)
    // There is one reading, for the lenient and the strict.
    for (const other of Object.values(others)) expect(other).toEqual(chunks)
    return chunks
  })
  const requests = found.flat()
  return {
    targets: requests.map(({ target }) => target),
    whole: requests.filter(({ whole }) => whole).length,
    names: requests.flatMap(({ fields }) => fields.map(([name]) => plainly(name))),
  }
}

function expectRefused(answer: RawAnswer): void {
  expect([answer.statuses, answer.closed]).toEqual([[400], true])
  expect(answer.text).toMatch(/^X-Request-ID: \S+\r$/m)
  expect(answer.text).toMatch(/^Connection: close\r$/m)
  expect(answer.text).toMatch(/"code":"request_malformed"/)
}

let gateway: LenientUpstream
let backend: LenientUpstream
let sidecar: OpenSidecar
beforeAll(async () => {
  gateway = await startLenientUpstream()
  backend = await startLenientUpstream()
  sidecar = await openSidecar({ backend: backend.origin, gateway: `${gateway.origin}/v1` })
})
afterAll(async () => {
  await sidecar.close()
  await backend.close()
  await gateway.close()
})

/** Everything that holds for one way to a gateway. */
function describeApi(origin: () => string, credential: () => string): void {
  const call = (): Beginning => ({
    head: [
      'POST /ai/v1/chat/completions HTTP/1.1',
      'Host: sidecar.test',
      `Authorization: Bearer ${credential()}`,
      'Content-Type: application/json',
    ],
    body: '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}',
  })

  test.each(refused)('%s is refused, and the gateway sees nothing', async (_, send) => {
    gateway.take()
    expectRefused(await rawConnection(origin(), send(call())))
    expect(gateway.take()).toEqual([])
  })

  test.each(admitted)('%s is one request to the gateway too', async (_, send) => {
    gateway.take()
    expect((await rawConnection(origin(), send(call()))).statuses).toEqual([200])
    const { targets, whole, names } = foundIn(gateway.take())
    expect([targets, whole]).toEqual([['/v1/chat/completions'], 1])
    expect(names).not.toContain('x-smuggled')
    expect(names.filter((name) => name === 'authorization')).toHaveLength(1)
  })

  test('a request hidden in a JSON body is a body', async () => {
    gateway.take()
    const { head } = call()
    const body = JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: hidden }] })
    expect((await rawConnection(origin(), sizedAlone('X-A: b')({ head, body }))).statuses).toEqual([200])
    expect(foundIn(gateway.take())).toMatchObject({ targets: ['/v1/chat/completions'], whole: 1 })
  })

  test('a request hidden in the medium that GET sends is refused with it, and the gateway sees nothing', async () => {
    for (const send of [sizedAlone('Connection: content-length'), chunked((body) => chunk(body) + end, 'Connection: transfer-encoding')]) {
      gateway.take()
      const head = ['GET /ai/v1/unheard/of HTTP/1.1', 'Host: x', `Authorization: Bearer ${credential()}`, 'Content-Type: audio/wav']
      expect((await rawConnection(origin(), send({ head, body: hidden }))).statuses).toEqual([400])
      expect(foundIn(gateway.take())).toMatchObject({ targets: [] })
    }
  })

  test.each(['DELETE', 'PUT', 'POST'])('a request hidden in the medium that %s sends is a medium', async (method) => {
    for (const send of [sizedAlone('Connection: content-length'), chunked((body) => chunk(body) + end, 'Connection: transfer-encoding')]) {
      gateway.take()
      const head = [`${method} /ai/v1/unheard/of HTTP/1.1`, 'Host: x', `Authorization: Bearer ${credential()}`, 'Content-Type: audio/wav']
      expect((await rawConnection(origin(), send({ head, body: hidden }))).statuses).toEqual([200])
      expect(foundIn(gateway.take())).toMatchObject({ targets: ['/v1/unheard/of'], whole: 1 })
    }
  })

  test('requests that follow each other openly are asked for one by one, each with its own right', async () => {
    gateway.take()
    const stranger = {
      ...call(),
      head: call().head.map((line) => (line.startsWith('Authorization') ? 'Authorization: Bearer nobody' : line)),
    }
    const [mine, theirs] = [sizedAlone('X-A: b')(call()), chunked((body) => chunk(body) + end)(stranger)]
    expect((await rawConnection(origin(), mine + theirs + mine)).statuses).toEqual([200, 401, 200])
    expect(foundIn(gateway.take()).targets).toEqual(['/v1/chat/completions', '/v1/chat/completions'])
  })
}

describe('chunked-smuggling', () => {
  describe('to the gateway', () => {
    forEachDoor(
      () => Promise.resolve({ baseURL: `${gateway.origin}/v1`, settings: { endpoints: opened('unheard/of') } }),
      (house) =>
        describeApi(
          () => house().origin,
          () => house().callers.acme,
        ),
    )
    describe('through the data listener of the process, which has a backend', () =>
      describeApi(
        () => sidecar.origin,
        () => sidecar.credential,
      ))
  })

  describe('to the backend', () => {
    let asked = 0
    /** Each has a path of its own: what is broken off may reach the backend after its client is told so. */
    const ask = async (send: Message, method = 'POST'): Promise<{ answer: RawAnswer; found: ReturnType<typeof foundIn> }> => {
      asked += 1
      const target = `/form/${asked}`
      const head = [`${method} ${target} HTTP/1.1`, 'Host: app.example.com', 'Content-Type: text/plain']
      const answer = await rawConnection(sidecar.origin, send({ head, body: method === 'POST' ? 'name=Ada' : hidden }))
      const taken = backend.take().filter((bytes) => !bytes.includes(' /form/') || bytes.includes(` ${target} `))
      const found = foundIn(taken)
      return { answer, found: { ...found, targets: found.targets.map((text) => (text === target ? 'its own' : text)) } }
    }

    test.each(refused)('%s is refused, and the backend sees no whole request', async (_, send) => {
      const { answer, found } = await ask(send)
      expectRefused(answer)
      // What was passed on before the fault showed is broken off, and was this request.
      expect(found.whole).toBe(0)
      expect(found.targets.filter((target) => target !== 'its own')).toEqual([])
      expect(found.targets.length).toBeLessThan(2)
      expect(found.names).not.toContain('x-smuggled')
    })

    test.each(admitted)('%s is one request to the backend too', async (_, send) => {
      const { answer, found } = await ask(send)
      expect(answer.statuses).toEqual([200])
      expect([found.targets, found.whole]).toEqual([['its own'], 1])
      expect(found.names).not.toContain('x-smuggled')
      expect(found.names).not.toContain('authorization')
    })

    test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PUT', 'PATCH', 'PROPFIND'])(
      'a request hidden in the body of %s is a body',
      async (method) => {
        for (const send of [sizedAlone('X-A: b'), chunked((body) => chunk(body) + end)]) {
          const { answer, found } = await ask(send, method)
          expect(answer.statuses).toEqual([200])
          expect([found.targets, found.whole]).toEqual([['its own'], 1])
        }
      },
    )

    test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'POST'])(
      'a length that Connection names does not let the body of %s loose as a request',
      async (method) => {
        const { found } = await ask(sizedAlone('Connection: content-length'), method)
        expect(found.targets.filter((target) => target !== 'its own')).toEqual([])
        expect(found.names).not.toContain('x-smuggled')
      },
    )

    test.each(['Content_Length: 0', 'CONTENT_LENGTH: 4', 'Transfer_Encoding: chunked', 'transfer_encoding: identity, chunked'])(
      'a twin of the framing is not passed on: %s',
      async (line) => {
        const { found } = await ask(sizedAlone(line))
        expect(found.targets).toEqual(['its own'])
        expect(found.names.filter((name) => name === 'content-length' || name === 'transfer-encoding')).toHaveLength(1)
      },
    )

    test.each(['websocket', 'h2c'])('a body behind an offer to speak %s arrives whole, or is refused', async (protocol) => {
      const offer = ['Connection: Upgrade', `Upgrade: ${protocol}`]
      for (const send of [
        message([...offer, 'Content-Length: 8'], (body) => body),
        message([...offer, 'Transfer-Encoding: chunked'], (body) => chunk(body) + end),
      ]) {
        const { answer, found } = await ask(send)
        expect([200, 400]).toContain(answer.statuses[0])
        expect(found.whole).toBe(answer.statuses[0] === 200 ? 1 : 0)
      }
    })

    test('requests that follow each other openly, to the backend and the API in turn, stay apart', async () => {
      backend.take()
      gateway.take()
      const mine = 'POST /form/mine HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nname=Ada'
      const api = `POST /ai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${sidecar.credential}\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"model":"auto"}`
      expect((await rawConnection(sidecar.origin, mine + api + mine)).statuses).toEqual([200, 200, 200])
      expect(foundIn(backend.take()).targets.filter((target) => target === '/form/mine')).toHaveLength(2)
      expect(foundIn(gateway.take()).targets).toEqual(['/v1/chat/completions'])
    })
  })
})
