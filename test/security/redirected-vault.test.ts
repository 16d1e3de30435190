import { createServer, type IncomingMessage, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeVault, startFakeVault } from '../support/fake-vault.js'
import { listenAnywhere } from '../support/house.js'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'
import { startTokenEndpoint } from '../support/token-endpoint.js'

const token = 'hvs.token-of-the-operator'
const path = 'secret/data/gateways'
const key = 'sk_a_key_that_vault_keeps'

let thief: Server
let thiefOrigin: string
let seen: IncomingMessage[]
let sidecar: SourcedSidecar | undefined
let vaults: FakeVault[]
beforeEach(async () => {
  seen = []
  vaults = []
  thief = createServer((request, response) => {
    seen.push(request)
    response.end(
      JSON.stringify({ data: { data: { acme: 'sk_a_key_of_the_thief' } }, access_token: 'sk_a_key_of_the_thief', token_type: 'Bearer' }),
    )
  })
  thiefOrigin = await listenAnywhere(thief)
})
afterEach(async () => {
  await sidecar?.close()
  sidecar = undefined
  await Promise.all(vaults.map((vault) => vault.close()))
  thief.closeAllConnections()
  await new Promise((done) => thief.close(done))
})

const active = async (): Promise<FakeVault> => started({ secrets: { [path]: { acme: key } }, tokens: { [token]: 0 } })
async function started(play: Parameters<typeof startFakeVault>[0]): Promise<FakeVault> {
  const vault = await startFakeVault(play)
  vaults.push(vault)
  return vault
}
const redirecting = (status: number, to: string) =>
  started({
    instead: (request, response) => response.writeHead(status, { location: `${to}${request.url ?? ''}` }).end() !== undefined,
  })

async function open(url: string, redirects: readonly string[]): Promise<SourcedSidecar> {
  return (sidecar = await openSourced({
    key: { secret: { vault: `${path}#acme` } },
    config: { vault: { url, token: { env: 'VAULT_TOKEN' }, redirects } },
    env: { VAULT_TOKEN: token },
  }))
}

test.each([301, 302, 303, 307, 308])(
  'redirected-vault: a %i to an address that is not configured is not followed, so the token goes nowhere else',
  async (status) => {
    const vault = await redirecting(status, thiefOrigin)
    const { keyOfCall, running } = await open(vault.url, [])
    await running.prints(/key_source_lost/)
    expect(await keyOfCall()).toBe('503 key_unavailable')
    expect(seen).toEqual([])
    // The address is the redirecting server's word, and is not repeated.
    expect(running.stdout()).not.toContain(thiefOrigin)
  },
)

test('redirected-vault: a standby may redirect to a node that is configured, and the token reaches that node alone', async () => {
  const node = await active()
  const standby = await redirecting(307, node.url)
  const { keyOfCall } = await open(standby.url, [node.url])
  expect(await keyOfCall()).toBe(key)
  expect(node.asked.every((asked) => asked.token === token)).toBe(true)
})

test('redirected-vault: nodes that redirect to each other are not followed for ever', async () => {
  const [one, other] = [await started({}), await started({})]
  one.play({ instead: (request, response) => response.writeHead(307, { location: `${other.url}${request.url}` }).end() !== undefined })
  other.play({ instead: (request, response) => response.writeHead(307, { location: `${one.url}${request.url}` }).end() !== undefined })
  const { running } = await open(one.url, [other.url])
  await running.prints(/key_source_lost/)
  const asked = one.asked.length + other.asked.length
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(20)
})

test.each([302, 307, 308])(
  'redirected-vault: a token endpoint that answers %i is not followed, so the secret of the client goes nowhere else',
  async (status) => {
    const issuer = await startTokenEndpoint()
    issuer.instead = (response) => response.writeHead(status, { location: `${thiefOrigin}/token` }).end()
    const oauth = { url: issuer.url, clientId: 'postern', clientSecret: { env: 'CLIENT' }, audience: 'a' }
    const { keyOfCall, running } = (sidecar = await openSourced({
      key: { secret: { oauth } },
      env: { CLIENT: 'the-secret-of-the-client' },
    }))
    await running.prints(/key_source_lost/)
    expect(await keyOfCall()).toBe('503 key_unavailable')
    expect(seen).toEqual([])
    await issuer.close()
  },
)
