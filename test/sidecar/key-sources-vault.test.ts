import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { makeCertificates } from '../support/certificates.js'
import { type FakeVault, startFakeVault, type VaultPlay } from '../support/fake-vault.js'
import { openSourced, type SourcedOptions, type SourcedSidecar } from '../support/sourced-sidecar.js'

const place = 'secret/data/joytoken'
const first = 'sk_the_first_key_in_vault'
const second = 'sk_the_second_key_in_vault'
const token = 'hvs.token-of-the-operator'
const fields = (key: string): NonNullable<VaultPlay['secrets']> => ({ [place]: { globex: key, other: 'not_this_one' } })
const eventually = { timeout: 15_000, interval: 100 }

let vault: FakeVault
let sidecar: SourcedSidecar | undefined
afterEach(async () => {
  await sidecar?.close()
  sidecar = undefined
  await vault.close()
})

async function open(play: VaultPlay, settings: object, { config = {}, ...further }: Partial<SourcedOptions> = {}): Promise<SourcedSidecar> {
  vault = await startFakeVault(play)
  return (sidecar = await openSourced({
    key: { secret: { vault: `${place}#globex` } },
    config: { vault: { url: vault.url, ...settings }, keySources: { poll: '1s', cache: '3s' }, ...config },
    env: { VAULT_TOKEN: token },
    ...further,
  }))
}

const withToken = { token: { env: 'VAULT_TOKEN' } }

test('a key in Vault is read with the token, its namespace and its path, and each call has it', async () => {
  const { keyOfCall } = await open({ secrets: fields(first), tokens: { [token]: 0 } }, { ...withToken, namespace: 'team-a' })
  expect(await keyOfCall()).toBe(first)
  expect(vault.asked.find(({ path }) => path === `/v1/${place}`)).toMatchObject({ method: 'GET', token, namespace: 'team-a' })
})

test('another value in Vault is used once it was read again, without a reload', async () => {
  const { keyOfCall, running } = await open({ secrets: fields(first), tokens: { [token]: 0 } }, withToken)
  expect(await keyOfCall()).toBe(first)
  vault.play({ secrets: fields(second) })
  await expect.poll(keyOfCall, eventually).toBe(second)
  expect(running.stdout()).toContain('"msg":"key_changed"')
  expect(running.stdout()).not.toContain('configuration_taken')
})

test('a Vault that is down at the start does not stop the start: its keys are 503 key_unavailable, and come by themselves', async () => {
  const { call, readyz, readiness, keyOfCall, running } = await open(
    { secrets: fields(first), tokens: { [token]: 0 }, instead: (_, response) => response.writeHead(503).end() !== undefined },
    withToken,
  )
  await running.prints(/key_source_lost/)
  const refused = await call()
  expect([refused.status, refused.text]).toEqual([503, expect.stringContaining('key_unavailable')])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await readyz()).toMatchObject({ status: 503, body: { status: 'refusing', because: 'keys', impaired: ['keys'] } })
  expect(await readiness()).toMatchObject({
    body: { impaired: [{ part: 'keys', reason: 'acme (unavailable): Vault answered with status 503.' }] },
  })
  vault.play({ instead: () => false })
  await expect.poll(keyOfCall, eventually).toBe(first)
  await expect.poll(async () => (await readyz()).body, eventually).toEqual({ status: 'ready' })
  expect(running.stdout()).toMatch(/"msg":"key_source_back"/)
})

test('while Vault is lost a value counts for its time, then calls are refused, and are served again once it is back', async () => {
  const { keyOfCall, readyz } = await open({ secrets: fields(first), tokens: { [token]: 0 } }, withToken)
  expect(await keyOfCall()).toBe(first)
  vault.play({ instead: (_, response) => response.socket?.destroy() !== undefined })
  await expect.poll(async () => (await readyz()).body, eventually).toEqual({ status: 'ready', impaired: ['keys'] })
  expect(await keyOfCall()).toBe(first)
  await expect.poll(keyOfCall, eventually).toBe('503 key_unavailable')
  vault.play({ instead: () => false })
  await expect.poll(keyOfCall, eventually).toBe(first)
})

test('with keySources.stale an earlier value is used for that much longer', async () => {
  const { keyOfCall, running } = await open({ secrets: fields(first), tokens: { [token]: 0 } }, withToken, {
    config: { keySources: { poll: '1s', cache: '1s', stale: '1h' } },
  })
  expect(await keyOfCall()).toBe(first)
  vault.play({ instead: (_, response) => response.writeHead(500).end() !== undefined })
  await running.prints(/"unavailable":false.*key_source_lost/)
  // Two more questions that fail: the value is older than `cache`.
  const asked = vault.asked.length
  await expect.poll(() => vault.asked.length, eventually).toBeGreaterThan(asked + 1)
  expect(await keyOfCall()).toBe(first)
})

test('a secret that was deleted in Vault is not used any more, though its time is not over', async () => {
  const { keyOfCall } = await open({ secrets: fields(first), tokens: { [token]: 0 } }, withToken, {
    config: { keySources: { poll: '1s', cache: '1h' } },
  })
  expect(await keyOfCall()).toBe(first)
  vault.play({ secrets: {} })
  await expect.poll(keyOfCall, eventually).toBe('503 key_unavailable')
})

test('the lease of a token is renewed at two thirds', async () => {
  const { keyOfCall } = await open({ secrets: fields(first), tokens: { [token]: 3 } }, withToken)
  expect(await keyOfCall()).toBe(first)
  const renewals = () => vault.asked.filter(({ path }) => path === '/v1/auth/token/renew-self').length
  await expect.poll(renewals, eventually).toBeGreaterThan(2)
})

test('with an AppRole Postern logs in, and logs in anew when its token is taken no more', async () => {
  const appRole = { roleId: 'role-of-postern', secretId: 'secret-id-of-postern', leaseSeconds: 3600 }
  const { keyOfCall } = await open(
    { secrets: fields(first), appRole },
    { appRole: { roleId: appRole.roleId, secretId: { env: 'SECRET_ID' } } },
    { env: { SECRET_ID: appRole.secretId } },
  )
  expect(await keyOfCall()).toBe(first)
  expect(vault.asked[0]).toMatchObject({
    method: 'POST',
    path: '/v1/auth/approle/login',
    body: { role_id: appRole.roleId, secret_id: appRole.secretId },
  })
  vault.revoke(...vault.issued)
  vault.play({ secrets: fields(second) })
  await expect.poll(keyOfCall, eventually).toBe(second)
  expect(vault.issued.length).toBe(2)
})

test('a lease that cannot be renewed ends in another login before it is over', async () => {
  const appRole = { roleId: 'role-of-postern', secretId: 'secret-id-of-postern', leaseSeconds: 3, renewable: false }
  const { keyOfCall } = await open(
    { secrets: fields(first), appRole },
    { appRole: { roleId: appRole.roleId, secretId: { env: 'SECRET_ID' } } },
    { env: { SECRET_ID: appRole.secretId } },
  )
  expect(await keyOfCall()).toBe(first)
  await expect.poll(() => vault.issued.length, eventually).toBeGreaterThan(1)
  expect(await keyOfCall()).toBe(first)
})

test('another token in its file is used within five seconds, and the value stays in use meanwhile', async () => {
  const next = 'hvs.another-token-of-the-operator'
  const opened = await open(
    { secrets: fields(first), tokens: { [token]: 0, [next]: 0 } },
    { token: { file: 'token' } },
    { files: { token } },
  )
  expect(await opened.keyOfCall()).toBe(first)
  opened.write('token', `${next}\n`)
  const seen = new Set<string>()
  await expect
    .poll(async () => {
      seen.add(await opened.keyOfCall())
      return vault.asked.some((asked) => asked.token === next)
    }, eventually)
    .toBe(true)
  expect([...seen]).toEqual([first])
})

test('Vault is asked over https with the authority that is configured, and with no other', async () => {
  const { key, cert, authority } = makeCertificates('localhost')
  const play = { secrets: fields(first), tokens: { [token]: 0 }, tls: { key, cert } }
  const { keyOfCall } = await open(
    play,
    { ...withToken, ca: 'authority.pem' },
    { files: { 'authority.pem': readFileSync(authority, 'utf8') } },
  )
  expect(await keyOfCall()).toBe(first)
  await sidecar?.close()
  await vault.close()
  const other = makeCertificates('localhost')
  const without = await open(
    play,
    { ...withToken, ca: 'authority.pem' },
    { files: { 'authority.pem': readFileSync(other.authority, 'utf8') } },
  )
  await without.running.prints(/key_source_lost/)
  expect(await without.keyOfCall()).toBe('503 key_unavailable')
  expect(vault.asked).toEqual([])
})
