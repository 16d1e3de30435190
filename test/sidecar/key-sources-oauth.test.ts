import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSourced, type SourcedOptions, type SourcedSidecar } from '../support/sourced-sidecar.js'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.js'

const clientSecret = 'the secret: of a client'
const eventually = { timeout: 15_000, interval: 100 }

let issuer: TokenEndpoint
let sidecar: SourcedSidecar | undefined
beforeEach(async () => {
  issuer = await startTokenEndpoint(3600)
})
afterEach(async () => {
  await sidecar?.close()
  sidecar = undefined
  await issuer.close()
})

async function open(oauth: object, further: Partial<SourcedOptions> = {}): Promise<SourcedSidecar> {
  return (sidecar = await openSourced({
    key: { secret: { oauth: { url: issuer.url, clientId: 'postern at work', clientSecret: { file: 'client' }, ...oauth } } },
    files: { client: clientSecret },
    ...further,
  }))
}

async function openExchange(exchange: object, files: Readonly<Record<string, string>>): Promise<SourcedSidecar> {
  const tokenExchange = { url: issuer.url, subjectToken: { file: 'token' }, audience: 'https://gateway.example.com', ...exchange }
  return (sidecar = await openSourced({ key: { secret: { tokenExchange } }, files }))
}

test('a token for client credentials is asked for as RFC 6749 has it, with its audience, and calls are sent with it', async () => {
  const { keyOfCall } = await open({ audience: 'https://gateway.example.com', scope: 'chat' })
  expect(await keyOfCall()).toBe(issuer.given[0])
  const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')
  expect(issuer.asked).toEqual([
    {
      form: { grant_type: 'client_credentials', audience: 'https://gateway.example.com', scope: 'chat' },
      authorization: `Basic ${Buffer.from(`${encoded('postern at work')}:${encoded(clientSecret)}`).toString('base64')}`,
    },
  ])
})

test('with auth: post the client proves itself in the form', async () => {
  const { keyOfCall } = await open({ resource: 'https://gateway.example.com', auth: 'post' })
  expect(await keyOfCall()).toBe(issuer.given[0])
  expect(issuer.asked[0]).toEqual({
    form: {
      grant_type: 'client_credentials',
      resource: 'https://gateway.example.com',
      client_id: 'postern at work',
      client_secret: clientSecret,
    },
    authorization: undefined,
  })
})

test('a token is asked for again before it ends, and each call has one that has not ended', async () => {
  issuer.lifeSeconds = 4
  const { keyOfCall } = await open({ audience: 'a' })
  expect(await keyOfCall()).toBe(issuer.given[0])
  await expect.poll(keyOfCall, eventually).toBe('ey_token_of_the_issuer_1')
  await expect.poll(keyOfCall, eventually).toBe('ey_token_of_the_issuer_2')
})

test('while the token endpoint is down a token is used until it ends, then calls are 503, and they are served again once it is back', async () => {
  issuer.lifeSeconds = 4
  const { keyOfCall, readyz, running } = await open({ audience: 'a' }, { config: { keySources: { poll: '1s', cache: '1s', stale: '1h' } } })
  expect(await keyOfCall()).toBe(issuer.given[0])
  issuer.instead = (response) => response.writeHead(503).end('down')
  await running.prints(/key_source_lost/)
  expect(issuer.given).toContain(await keyOfCall())
  // `stale` is not for tokens: nobody takes one that has ended.
  await expect.poll(keyOfCall, eventually).toBe('503 key_unavailable')
  expect(await readyz()).toMatchObject({ status: 503, body: { because: 'keys' } })
  issuer.instead = undefined
  await expect.poll(keyOfCall, eventually).toMatch(/^ey_token/)
})

test('the secret of a client is read again when its file changes', async () => {
  const opened = await open({ audience: 'a', auth: 'post' })
  expect(await opened.keyOfCall()).toBe(issuer.given[0])
  opened.write('client', 'another secret of the client')
  await expect.poll(() => issuer.asked.at(-1)?.form['client_secret'], eventually).toBe('another secret of the client')
})

test.each([
  [
    'refuses the client',
    400,
    { error: 'invalid_client', error_description: clientSecret },
    /refused a token with status 400 \(invalid_client\)\./,
  ],
  ['answers with a word of its own', 400, { error: clientSecret }, /refused a token with status 400\./],
  ['gives no bearer token', 200, { access_token: 'ey_of_another_kind', token_type: 'mac' }, /gave a token that is no bearer token\./],
])('a token endpoint that %s leaves the key unavailable, and the log says why without what it said', async (_, status, body, reason) => {
  issuer.instead = (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const { keyOfCall, running } = await open({ audience: 'a' })
  await running.prints(/key_source_lost/)
  expect(await keyOfCall()).toBe('503 key_unavailable')
  expect(running.stdout()).toMatch(reason)
  expect(running.stdout()).not.toContain(clientSecret)
  expect(running.stdout()).not.toContain('ey_of_another_kind')
})

test('a token of the platform is exchanged as RFC 8693 has it, and is read anew for each exchange', async () => {
  issuer.lifeSeconds = 3
  const opened = await openExchange({}, { token: 'ey_of_the_platform\n' })
  expect(await opened.keyOfCall()).toBe(issuer.given[0])
  expect(issuer.asked[0]).toEqual({
    form: {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'ey_of_the_platform',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'https://gateway.example.com',
    },
    authorization: undefined,
  })
  opened.write('token', 'ey_of_the_platform_later')
  await expect.poll(() => issuer.asked.at(-1)?.form['subject_token'], eventually).toBe('ey_of_the_platform_later')
  // No reload: the file is the source's own.
  expect(opened.running.stdout()).not.toContain('configuration_taken')
})

test('a token to exchange that is missing leaves the key unavailable until it is there', async () => {
  const opened = await openExchange({}, {})
  await opened.running.prints(/cannot be read \(ENOENT\)/)
  expect(await opened.keyOfCall()).toBe('503 key_unavailable')
  opened.write('token', 'ey_of_the_platform')
  await expect.poll(opened.keyOfCall, eventually).toBe('ey_token_of_the_issuer_0')
})
