import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type FakeVault, startFakeVault } from '../support/fake-vault.js'
import { openSourced, type SourcedOptions, type SourcedSidecar } from '../support/sourced-sidecar.js'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.js'

const token = 'hvs.token-of-the-operator'
const key = 'sk_a_key_that_vault_keeps'
const place = 'secret/data/gateways'

let vault: FakeVault | undefined
let issuer: TokenEndpoint | undefined
let sidecar: SourcedSidecar | undefined
afterEach(async () => {
  await sidecar?.close()
  await vault?.close()
  await issuer?.close()
  sidecar = vault = issuer = undefined
})

const say = (response: ServerResponse, body: object): boolean =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)) !== undefined

/** Vault says of each secret that its lease lasts so many seconds, and of its token the other number. */
async function openVault(leaseSeconds: number, tokenSeconds: number, keySources: object): Promise<SourcedSidecar> {
  const started = (vault = await startFakeVault({
    instead: ({ url = '' }, response) =>
      url.endsWith('renew-self')
        ? say(response, { auth: { renewable: true, lease_duration: tokenSeconds } })
        : say(response, { lease_duration: leaseSeconds, data: { data: { acme: key } } }),
  }))
  const config = { vault: { url: started.url, token: { env: 'VAULT_TOKEN' } }, keySources }
  return open({ key: { secret: { vault: `${place}#acme` } }, config, env: { VAULT_TOKEN: token } })
}

async function open(options: SourcedOptions): Promise<SourcedSidecar> {
  return (sidecar = await openSourced(options))
}

/** How often something is asked in two seconds, while calls are made without a pause. */
async function askedInTwoSeconds(count: () => number, { keyOfCall }: SourcedSidecar): Promise<number> {
  const before = count()
  const end = performance.now() + 2000
  while (performance.now() < end) await keyOfCall()
  return count() - before
}

const questions = () => vault?.asked.filter(({ method }) => method === 'GET').length ?? 0
const renewals = () => vault?.asked.filter(({ method }) => method === 'POST').length ?? 0

test('what-a-source-says-of-its-lease: with a lease of a day a secret of Vault is used for keySources.cache and stale, not longer', async () => {
  const { keyOfCall } = await openVault(86_400, 3600, { poll: '1s', cache: '2s', stale: '1s' })
  expect(await keyOfCall()).toBe(key)
  vault?.play({ instead: (_, response) => response.socket?.destroy() !== undefined })
  await expect.poll(keyOfCall, { timeout: 20_000, interval: 100 }).toBe('503 key_unavailable')
})

test('what-a-source-says-of-its-lease: a lease shorter than keySources.cache ends the use of a secret of Vault', async () => {
  const { keyOfCall } = await openVault(3, 3600, { poll: '1s', cache: '1h', stale: '1h' })
  expect(await keyOfCall()).toBe(key)
  vault?.play({ instead: (_, response) => response.socket?.destroy() !== undefined })
  await expect.poll(keyOfCall, { timeout: 20_000, interval: 100 }).toBe('503 key_unavailable')
})

test('what-a-source-says-of-its-lease: with a tiny lease Vault is asked about once a second at most, however many calls wait', async () => {
  const opened = await openVault(0.0001, 3600, { poll: '60s', cache: '5m' })
  await expect.poll(questions).toBeGreaterThan(0)
  const asked = await askedInTwoSeconds(questions, opened)
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(5)
})

test('what-a-source-says-of-its-lease: with a tiny lease the token of Vault is renewed about once a second at most', async () => {
  const opened = await openVault(0, 0.0001, { poll: '60s', cache: '5m' })
  expect(await opened.keyOfCall()).toBe(key)
  const asked = await askedInTwoSeconds(renewals, opened)
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(5)
})

test.each(['oauth', 'tokenExchange'])(
  'what-a-source-says-of-its-lease: with tokens that end at once an issuer is asked about once a second at most: %s',
  async (kind) => {
    const { url } = (issuer = await startTokenEndpoint(0.0001))
    const secret =
      kind === 'oauth'
        ? { oauth: { url, clientId: 'postern', clientSecret: { env: 'CLIENT' }, audience: 'a' } }
        : { tokenExchange: { url, subjectToken: { file: 'token' }, audience: 'a' } }
    const opened = await open({ key: { secret }, env: { CLIENT: 'the-secret-of-the-client' }, files: { token: 'ey_of_the_platform' } })
    const asked = await askedInTwoSeconds(() => issuer?.asked.length ?? 0, opened)
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(5)
  },
)

test('what-a-source-says-of-its-lease: calls are served with tokens of a second, each with one that has not ended', async () => {
  const { url } = (issuer = await startTokenEndpoint(1))
  const secret = { oauth: { url, clientId: 'postern', clientSecret: { env: 'CLIENT' }, audience: 'a' } }
  const { keyOfCall } = await open({ key: { secret }, env: { CLIENT: 'the-secret-of-the-client' } })
  const used = new Set<string>()
  const end = performance.now() + 3000
  while (performance.now() < end) used.add(await keyOfCall())
  expect([...used].filter((each) => !issuer?.given.includes(each))).toEqual([])
  expect(used.size).toBeGreaterThan(2)
})
