import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeVault, startFakeVault } from '../support/fake-vault.js'
import { type RecordingGateway, startRecordingGateway } from '../support/recording-gateway.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, runPostern } from '../support/run-postern.js'

const env = { KEY: 'sk_of_a_variable_that_is_good', VAULT_TOKEN: 'hvs.token-of-the-operator', RING: 'nobody' }
const inVault = 'sk_of_vault_that_is_refused'

let cwd: string
let gateway: RecordingGateway
let vault: FakeVault
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-online-'))
  gateway = await startRecordingGateway()
  vault = await startFakeVault({ secrets: { 'secret/data/keys': { globex: inVault } }, tokens: { [env.VAULT_TOKEN]: 0 } })
  gateway.instead = (response) => response.writeHead(gateway.keys.at(-1) === inVault ? 401 : 200).end('{"data":[]}')
})
afterEach(async () => {
  await Promise.all([gateway.close(), vault.close()])
  rmSync(cwd, { recursive: true })
})

function check(further: object, ...options: string[]): Promise<Finished> {
  configure(further)
  return runInProcess(['check', '--config', 'postern.json', ...options], { cwd, env })
}

function configure(further: object): void {
  const config = {
    version: 1,
    gateways: {
      main: { dialect: 'openai', baseURL: gateway.baseURL },
      keyless: { dialect: 'freeai', baseURL: gateway.baseURL },
    },
    keys: {
      acme: { gateway: 'main', secret: { env: 'KEY' } },
      globex: { gateway: 'main', secret: { vault: 'secret/data/keys#globex' } },
      umbra: { gateway: 'main', secret: { vault: 'secret/data/keys#missing' } },
      wayne: { gateway: 'keyless', secret: { env: 'KEY' }, project: 'p' },
    },
    vault: { url: vault.url, token: { env: 'VAULT_TOKEN' } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { service: { hashes: { env: 'RING' } } },
    ...further,
  }
  writeFileSync(join(cwd, 'postern.json'), JSON.stringify(config))
}

test('check asks nobody, and check --online asks the store, each source and each gateway with each key', async () => {
  expect((await check({})).code).toBe(0)
  expect([vault.asked, gateway.keys]).toEqual([[], []])
  // A process of its own ends only if the command closes what it opened.
  const { code, stdout } = await runPostern(['check', '--config', 'postern.json', '--online', '--json'], { cwd, env })
  expect(code).toBe(1)
  expect((JSON.parse(stdout) as { online: unknown }).online).toEqual([
    { what: 'store', ok: null, detail: 'None is needed.' },
    { what: 'source of globex', ok: true, detail: 'It gave a value.' },
    { what: 'source of umbra', ok: false, detail: 'The secret in Vault has no such field.' },
    { what: 'key acme', ok: true, detail: 'The gateway answered with status 200.' },
    { what: 'key globex', ok: false, detail: 'The gateway answered with status 401.' },
    { what: 'key umbra', ok: false, detail: 'Its source gave no value.' },
    { what: 'key wayne', ok: null, detail: 'The gateway answers; its list of models needs no key.' },
  ])
  expect(gateway.keys.toSorted()).toEqual(['', env.KEY, inVault])
})

test('check --online prints a table without secrets, and ends with 0 where everything is good', async () => {
  const { code, stdout, stderr } = await check(
    { keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } }, store: { memory: true } },
    '--online',
  )
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toMatch(/key acme\s+│ good\s+│ The gateway answered with status 200\./)
  expect(stdout + stderr).not.toContain(env.KEY)
})

test('check --online says of a store whether it can be asked', async () => {
  const keys = { acme: { gateway: 'main', secret: { env: 'KEY' } } }
  const rowOf = async (store: object): Promise<unknown> => {
    const { stdout } = await check({ keys, store }, '--online', '--json')
    return (JSON.parse(stdout) as { online: readonly unknown[] }).online[0]
  }
  expect(await rowOf({ sqlite: './none.db' })).toEqual({
    what: 'store',
    ok: null,
    detail: 'Its file does not exist yet; the first start makes it.',
  })
  expect(await rowOf({ redis: 'redis://127.0.0.1:9' })).toMatchObject({ what: 'store', ok: false })
})

test('check --online asks nobody where the configuration is wrong', async () => {
  const { code } = await check({ bindings: [{ team: 'acme', key: 'nowhere' }] }, '--online', '--json')
  expect(code).toBe(1)
  expect([vault.asked, gateway.keys]).toEqual([[], []])
})
