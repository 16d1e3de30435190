import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { applicationsWord, proxysWord, variables, variablesRespelled } from '../support/headers-of-proxies.js'
import { type LenientUpstream, plainly, readLeniently, startLenientUpstream, valuesOf } from '../support/lenient-upstream.js'
import { type OpenSidecar, openSidecar } from '../support/open-sidecar.js'
import { type RawAnswer, rawConnection } from '../support/raw-connection.js'

let backend: LenientUpstream
beforeAll(async () => {
  backend = await startLenientUpstream()
})
afterAll(() => backend.close())
beforeEach(() => void backend.take())

const seen = () => backend.take().flatMap((bytes) => readLeniently(bytes).chunks)

function openWith(trustedProxies: readonly string[]): () => OpenSidecar {
  let sidecar: OpenSidecar
  beforeAll(async () => {
    sidecar = await openSidecar({ backend: backend.origin, trustedProxies })
  })
  afterAll(() => sidecar.close())
  return () => sidecar
}

const send = (to: OpenSidecar, ...lines: string[]): Promise<RawAnswer> => rawConnection(to.origin, `${lines.join('\r\n')}\r\n\r\n`)

/** How many are asked at once: fewer than one address may have under way. */
const atOnce = 32

interface Told {
  readonly statuses: readonly number[]
  /** What reached the backend for this line. */
  readonly reached: ReturnType<typeof seen>
}

/**
 * Says each line in a request of its own, many beside each other: after its answer, each waits a while for a second one that must not come.
 * @returns What came of the line at an index. That nothing else reached the backend is a test of its own.
 */
function say(to: () => OpenSidecar, lines: readonly string[]): (index: number) => Told {
  let answers: RawAnswer[]
  let all: ReturnType<typeof seen>
  const reachedBy = (index: number): ReturnType<typeof seen> => all.filter(({ target }) => target === `/line/${index}`)
  beforeAll(async () => {
    backend.take()
    answers = []
    while (answers.length < lines.length) {
      const next = lines.slice(answers.length, answers.length + atOnce)
      const first = answers.length
      answers.push(
        ...(await Promise.all(
          next.map((line, offset) => send(to(), `GET /line/${first + offset} HTTP/1.1`, 'Host: app.example.com', line)),
        )),
      )
    }
    all = seen()
  }, 60_000)
  test('the backend sees one request for each line, and no other', () => {
    expect(answers.map(({ statuses }) => statuses)).toEqual(lines.map(() => [200]))
    expect(all.map(({ target }) => target).toSorted()).toEqual(lines.map((_, index) => `/line/${index}`).toSorted())
  })
  return (index) => ({ statuses: (answers[index] as RawAnswer).statuses, reached: reachedBy(index) })
}

/** Each line with its index. */
const numbered = (lines: readonly string[]): [line: string, index: number][] => lines.map((line, index) => [line, index])

/** The same in a spelling that is the same to CGI, where a name has one. */
const respelled = proxysWord.filter((line) => line.split(':', 1)[0]?.includes('-')).map((line) => line.replace('-', '_'))

describe('what-the-backend-is-told', () => {
  describe('by a client', () => {
    const sidecar = openWith(['10.0.0.0/8'])
    const forProxies = [
      ...proxysWord,
      ...respelled,
      ...variables,
      ...variablesRespelled,
      'X.Real.IP: 203.0.113.7',
      'X.Auth.User: ada',
      'x-auth_EMAIL: ada',
      'X~Jwt~Assertion: ada',
      'oidc.claim.sub: ada',
      'Http-Remote-User: ada',
      'HTTP_X_FORWARDED_FOR: 203.0.113.7',
      'HTTP_HTTP_X_AUTH_USER: ada',
      'Proxy: http://evil.example',
      'Proxy_Authorization: Basic x',
      'Keep_Alive: timeout=5',
      'Proxy_Connection: close',
      'Postern-Identity: said-by-a-proxy',
      'POSTERN_IDENTITY: said-by-a-proxy',
      'Postern.Identity: said-by-a-proxy',
      'postern~act-as: said-by-a-proxy',
      'HTTP_POSTERN_GOVERNANCE: said-by-a-proxy',
      'Postern-Something-New: said-by-a-proxy',
      'Postern: said-by-a-proxy',
    ]
    const toldOf = say(sidecar, [...forProxies, ...applicationsWord])

    test.each(numbered(forProxies))('nothing that only a proxy says: %s', (line, index) => {
      const { statuses, reached } = toldOf(index)
      expect(statuses).toEqual([200])
      expect(reached).toHaveLength(1)
      const name = plainly(line.slice(0, line.indexOf(':')).replaceAll('.', '-'))
      expect(reached.flatMap(({ fields }) => fields.map(([spelled]) => plainly(spelled.replaceAll('.', '-'))))).not.toContain(name)
      expect(JSON.stringify(reached)).not.toMatch(/said-by-a-proxy|203\.0\.113\.7/)
    })

    test.each(numbered(applicationsWord))('what an application has its pages say: %s', (line, index) => {
      expect(toldOf(forProxies.length + index).reached[0]?.fields.map(([name, value]) => `${name}: ${value}`)).toContain(line)
    })

    test.each([
      ['no host', ['GET /x HTTP/1.1']],
      ['two hosts that are the same', ['GET /x HTTP/1.1', 'Host: a', 'Host: a']],
      ['a list of hosts', ['GET /x HTTP/1.1', 'Host: a, b']],
      ['a host with a path', ['GET /x HTTP/1.1', 'Host: a/b']],
      ['a host with a user', ['GET /x HTTP/1.1', 'Host: a@b']],
      ['a URL of another host', ['GET http://b/x HTTP/1.1', 'Host: a']],
      ['a URL with a user', ['GET http://u@a/x HTTP/1.1', 'Host: a']],
      ['a URL and no host', ['GET http://a/x HTTP/1.0']],
      ['a URL of another scheme', ['GET ftp://a/x HTTP/1.1', 'Host: a']],
      ['everything, and not by OPTIONS', ['GET * HTTP/1.1', 'Host: a']],
    ])('%s is 400 with an id', async (_, lines) => {
      const { statuses, text } = await send(sidecar(), ...lines)
      expect(statuses).toEqual([400])
      expect(text).toMatch(/^X-Request-ID: \S+\r$/m)
      expect(seen()).toEqual([])
    })

    test.each([
      [
        'a URL of the host that is asked',
        ['GET http://App.example.com:80/x?y HTTP/1.1', 'Host: app.example.com'],
        '/x?y',
        'app.example.com',
      ],
      ['a URL without a path', ['GET http://a?y HTTP/1.1', 'Host: a'], '/?y', 'a'],
      ['OPTIONS of everything', ['OPTIONS * HTTP/1.1', 'Host: a'], '*', 'a'],
    ])('%s is passed on in one form', async (_, lines, target, host) => {
      expect((await send(sidecar(), ...lines)).statuses).toEqual([200])
      expect(seen().map((request) => [request.target, valuesOf(request, 'host')])).toEqual([[target, [host]]])
    })

    test('a URL of the host that is asked leads to the API as its path does', async () => {
      const { text } = await send(sidecar(), 'GET http://a/ai/v1/models HTTP/1.1', 'Host: a')
      expect(text).toMatch(/^Postern-Refusal: caller_missing\r$/m)
      expect(seen()).toEqual([])
    })

    test('the backend’s own name, where HTTP/1.0 names no host', async () => {
      expect((await send(sidecar(), 'GET /x HTTP/1.0')).statuses).toEqual([200])
      expect(seen().map((request) => valuesOf(request, 'host'))).toEqual([[new URL(backend.origin).host]])
    })

    test.each(['POST', 'PUT', 'PATCH', 'PROPFIND', 'DELETE', 'OPTIONS'])('that %s without a body has none', async (method) => {
      expect((await send(sidecar(), `${method} /x HTTP/1.1`, 'Host: a')).statuses).toEqual([200])
      const [request] = seen()
      expect(valuesOf(request as NonNullable<typeof request>, 'transfer-encoding')).toEqual([])
      expect(valuesOf(request as NonNullable<typeof request>, 'content-length')).toEqual(method.startsWith('P') ? ['0'] : [])
    })
  })

  describe('by a trusted proxy', () => {
    const sidecar = openWith(['127.0.0.0/8'])
    const watched = [...proxysWord, ...variables]
    const unwatched = [...respelled, ...variablesRespelled]
    const toldOf = say(sidecar, [...watched, ...unwatched])

    test.each(numbered(watched))('what it says: %s', (line, index) => {
      expect(toldOf(index).reached[0]?.fields.map(([name, value]) => `${name}: ${value}`)).toContain(line)
    })

    test.each(numbered(unwatched))('nothing in a spelling that it does not watch: %s', (line, index) => {
      const { reached } = toldOf(watched.length + index)
      expect(reached).toHaveLength(1)
      expect(JSON.stringify(reached[0]?.fields)).not.toContain(line.slice(line.indexOf(':') + 2))
    })

    test('Forwarded grows by the proxy', async () => {
      await send(sidecar(), 'GET /x HTTP/1.1', 'Host: a', 'Forwarded: for=203.0.113.7;proto=https')
      expect(valuesOf(seen()[0] as NonNullable<ReturnType<typeof seen>[0]>, 'forwarded')).toEqual([
        'for=203.0.113.7;proto=https, for=127.0.0.1',
      ])
    })
  })
})
