import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { signedByItself, signedByUnknown, testKey } from '../support/certificate-of-nobody.js'
import { startHostileUpstream } from '../support/hostile-upstream.js'
import { doorNames, type House, type HouseOptions, listenAnywhere, openHouse } from '../support/house.js'
import { jwtCallers, startIssuer } from '../support/issuer.js'

/** What OpenSSL and undici say in place of what is wrong. */
const riddles = /SSL routines|wrong version number|packet length|unable to verify|HPE_|Expected HTTP|:error:/i

async function startTls(cert: string): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createHttpsServer({ key: testKey, cert }, (_, response) => response.end('{}'))
  const origin = (await listenAnywhere(server)).replace('http:', 'https:')
  return {
    origin,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

async function closedOrigin(): Promise<string> {
  const server = createServer()
  const origin = await listenAnywhere(server)
  await new Promise((done) => server.close(done))
  return origin
}

/** A server that reads a request and answers nothing. */
async function silentOrigin(closing: (() => Promise<void>)[], read: (socket: Socket) => void = () => {}): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    socket.once('data', () => read(socket))
  })
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((done) => server.close(done))
  })
  return listenAnywhere(server)
}

describe.each(doorNames)('what is told of a wrong setting, behind the %s door', (door) => {
  const closing: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })
  async function open(options: HouseOptions): Promise<House> {
    const house = await openHouse({ door, settings: { attempts: 1 }, ...options })
    closing.push(() => house.close())
    return house
  }
  const causeOf = (house: House) => house.ledger.entries.at(-1)?.cause ?? ''

  test.each([
    ['a framework', 404, 'application/json', '{"detail":"Not Found"}'],
    ['another framework', 404, 'application/json', '{"error":"Not Found"}'],
    ['a gateway of another kind', 404, 'application/json', '{"message":"no Route matched with those values"}'],
    ['a server of files', 404, 'text/html', '<html><h1>404 Not Found</h1></html>'],
    ['a server of few words', 404, 'text/plain', '404 page not found'],
    ['a server of none', 404, 'application/json', ''],
    ['a server that only reads', 405, 'text/html', '<html>405 Not Allowed</html>'],
  ])('where %s answers %i, the log says that the baseURL is probably wrong, and what was asked', async (_, status, type, body) => {
    const upstream = await startHostileUpstream((_request, response) => void response.writeHead(status, { 'content-type': type }).end(body))
    closing.push(() => upstream.close())
    const house = await open({ config: { gateways: { main: { dialect: 'openai', baseURL: `${upstream.origin}/wrong` } } } })
    const answer = await house.chat()
    const { error } = (await answer.json()) as { error: { message: string } }
    expect(answer.status).toBe(status)
    expect(causeOf(house)).toContain('gateways.main.baseURL is probably wrong')
    expect(causeOf(house)).toContain(`${upstream.origin}/wrong/chat/completions`)
    expect(error.message).not.toContain(upstream.origin)
    // What has words of its own keeps them, plain text included.
    if (type === 'text/plain') expect(error.message).toBe(body)
    else if (type === 'text/html' || body === '') expect(error.message).toContain('baseURL')
  })

  test.each([
    ['{"message":"not found","code":"not_found"}', 'openai'],
    ['{"error":{"message":"Not Found","type":"invalid_request_error","code":null}}', 'openai'],
    ['{"error":{"message":"Invalid URL (POST /wrong/chat/completions)","type":"invalid_request_error"}}', 'openai'],
  ] as const)(
    'where a 404 in the form of its API’s errors names nothing, %s, the log says what was asked and to check the baseURL',
    async (body, dialect) => {
      const upstream = await startHostileUpstream((_request, response) => void response.writeHead(404).end(body))
      closing.push(() => upstream.close())
      const house = await open({ config: { gateways: { main: { dialect, baseURL: `${upstream.origin}/wrong` } } } })
      expect((await house.chat()).status).toBe(404)
      expect(causeOf(house)).toContain('check gateways.main.baseURL')
      expect(causeOf(house)).toContain(`${upstream.origin}/wrong/chat/completions`)
    },
  )

  test('where a 404 may be about a stored object, nothing is said of the baseURL', async () => {
    const body = '{"error":{"message":"No such thing","type":"invalid_request_error","code":null}}'
    const upstream = await startHostileUpstream((_, response) => void response.writeHead(404).end(body))
    closing.push(() => upstream.close())
    const house = await open({ config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL } } } })
    const answer = await fetch(`${house.baseURL}/files/file-1`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
    expect(answer.status).toBe(404)
    expect(causeOf(house)).toContain('gateway status 404')
    expect(causeOf(house)).not.toContain('baseURL')
  })

  test.each(['POST', 'DELETE'])('%s /session without callers.session says what the operator has to write', async (method) => {
    const house = await open({ callers: { session: undefined } })
    const url = house.baseURL.replace(/\/v1$/, '/session')
    const answer = await fetch(url, { method, headers: { authorization: `Bearer ${house.callers.acme}` } })
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    expect([answer.status, error.code]).toEqual([404, 'not_found'])
    expect(error.message).toContain('callers.session')
  })

  test('a semicolon in a path is said to be the reason, and not that an endpoint is closed', async () => {
    const house = await open({ config: { gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } } } })
    for (const path of ['files/a;b=c', 'files;x/a', 'models/a%3Bb']) {
      const answer = await fetch(`${house.baseURL}/${path}`, { headers: { authorization: `Bearer ${house.callers.acme}` } })
      const { error } = (await answer.json()) as { error: { message: string } }
      expect([path, [403, 404].includes(answer.status), error.message.includes('semicolon')]).toEqual([path, true, true])
      expect(error.message).not.toContain('gateways.<name>.endpoints')
    }
  })

  test.each([['text/plain'], ['application/xml'], ['application/x-www-form-urlencoded'], ['multipart/form-data; boundary=x']])(
    'a body of the type %s where JSON is taken is told what the endpoint takes',
    async (type) => {
      const house = await open({})
      const answer = await house.chat({ headers: { 'content-type': type } })
      const { error } = (await answer.json()) as { error: { code: string; message: string; param: string } }
      expect([answer.status, error.code, error.param]).toEqual([400, 'request_malformed', 'Content-Type'])
      expect(error.message).toContain('This endpoint takes JSON.')
      expect(error.message).not.toContain('neither')
    },
  )

  test('where the gateway itself says that there is no such model, nothing is said of the baseURL', async () => {
    const body = '{"error":{"message":"The model does not exist","type":"invalid_request_error","code":"model_not_found"}}'
    const upstream = await startHostileUpstream((_, response) => void response.writeHead(404).end(body))
    closing.push(() => upstream.close())
    const house = await open({ config: { gateways: { main: { dialect: 'openai', baseURL: upstream.baseURL } } } })
    expect(await (await house.chat()).json()).toMatchObject({ error: { message: 'The model does not exist', code: 'model_not_found' } })
    expect(causeOf(house)).not.toContain('baseURL')
  })

  test('https written for what speaks plain HTTP is told in plain words', async () => {
    const upstream = await startHostileUpstream((_, response) => void response.end('{}'))
    closing.push(() => upstream.close())
    const house = await open({ baseURL: upstream.baseURL.replace('http:', 'https:') })
    expect((await house.chat()).status).toBe(503)
    expect(causeOf(house)).toContain('Write http:// in place of https://')
    expect(causeOf(house)).not.toMatch(riddles)
  })

  test('http written for what speaks TLS is told in plain words', async () => {
    const upstream = await startTls(signedByUnknown)
    closing.push(() => upstream.close())
    const house = await open({ baseURL: `${upstream.origin.replace('https:', 'http:')}/v1` })
    expect((await house.chat()).status).toBeGreaterThanOrEqual(500)
    expect(causeOf(house)).toContain('rite https:// in place of http://')
    expect(causeOf(house)).not.toMatch(riddles)
  })

  test.each([
    ['of an authority that nobody knows', signedByUnknown, 'an authority that this process does not know'],
    ['that signed itself', signedByItself, 'signed by itself'],
  ])('a certificate %s is told with the variable that makes it known', async (_, cert, says) => {
    const upstream = await startTls(cert)
    closing.push(() => upstream.close())
    const house = await open({ baseURL: `${upstream.origin}/v1` })
    expect((await house.chat()).status).toBe(503)
    expect(causeOf(house)).toContain(says)
    expect(causeOf(house)).toContain('NODE_EXTRA_CA_CERTS')
    expect(causeOf(house)).not.toMatch(riddles)
  })

  test.each<[what: string, open: () => Promise<string>, status: number, cause: string]>([
    ['nobody listens', () => closedOrigin(), 503, 'ECONNREFUSED'],
    ['the name leads nowhere', async () => `https://${'a'.repeat(64)}.invalid`, 503, 'E'],
    ['the gateway is silent', () => silentOrigin(closing), 504, 'TIMEOUT'],
    ['the gateway hangs up', () => silentOrigin(closing, (socket) => socket.destroy()), 502, 'UND_ERR_SOCKET'],
  ])('where %s, the log names the key, the gateway, the host and the cause, and the answer sends the operator there', async (...given) => {
    const [, openOrigin, status, cause] = given
    const origin = await openOrigin()
    const house = await open({ baseURL: `${origin}/v1`, timeouts: { headers: '300ms' } })
    const answer = await house.chat()
    const { error } = (await answer.json()) as { error: { message: string } }
    expect(answer.status).toBe(status)
    expect(house.ledger.entries.at(-1)).toMatchObject({ key: 'acme', gateway: 'main' })
    expect(causeOf(house)).toContain(origin)
    expect(causeOf(house)).toContain(cause)
    expect(error.message).not.toContain(origin)
    if (status !== 502) expect(error.message).toContain('For the operator: the log line with this request id says why.')
  })

  test('the keys of an issuer behind the wrong scheme are told alike', async () => {
    const issuer = await startIssuer()
    closing.push(() => issuer.stop())
    const jwt = { ...jwtCallers(issuer), jwks: issuer.jwks.replace('http:', 'https:') }
    const house = await open({ callers: { jwt: [jwt] } })
    expect((await house.chat({ credential: await issuer.sign() })).status).toBe(503)
    expect(causeOf(house)).toContain('Write http:// in place of https://')
    expect(causeOf(house)).not.toMatch(riddles)
  })

  test.each([
    ['the setting', { body: '20KiB' }, 25_000, ['policies.body'], []],
    ['the gateway', { body: '20MiB' }, 10_000_001, ['Onysoft', 'no setting raises it'], ['policies.body']],
    ['the setting, smaller than the gateway’s', { body: '9MiB' }, 10_000_001, ['policies.body'], ['Onysoft']],
  ])('a body that is too large is told whose limit it is: of %s', async (_, policies, size, says, saysNot) => {
    const house = await open({ gateway: 'onysoft', config: { policies } })
    const body = JSON.stringify({ model: house.model, messages: [{ role: 'user', content: 'a'.repeat(size) }] })
    const headers = { authorization: `Bearer ${house.callers.acme}`, 'content-type': 'application/json' }
    for (const chunked of [false, true]) {
      const sent = chunked ? { body: new Blob([body]).stream(), duplex: 'half' as const } : { body }
      const answer = await fetch(`${house.baseURL}/chat/completions`, { method: 'POST', headers, ...sent })
      const { error } = (await answer.json()) as { error: { code: string; message: string } }
      expect([answer.status, error.code]).toEqual([413, 'body_too_large'])
      for (const word of says) expect(error.message).toContain(word)
      for (const word of saysNot) expect(error.message).not.toContain(word)
    }
  })
})
