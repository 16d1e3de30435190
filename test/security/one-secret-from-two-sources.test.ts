import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSourced, type SourcedSidecar } from '../support/sourced-sidecar.js'

const key = 'sk_the_one_key_of_two_tenants'
const ofAcme = 'pst_of_an_agent_that_calls'
const ofOther = 'pst_of_the_other_tenant'

let folder: string
let sidecar: SourcedSidecar
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-twins-'))
  for (const name of ['acme', 'globex']) writeFileSync(join(folder, name), key)
  writeFileSync(join(folder, 'another'), 'sk_another_key_of_another_tenant')
})
afterEach(async () => {
  await sidecar.close()
  rmSync(folder, { recursive: true })
})

async function open(ofGlobex: object): Promise<void> {
  const principals = { agent: { team: 'acme' }, other: { team: 'globex' } }
  sidecar = await openSourced({
    key: { secret: { exec: ['/bin/cat', join(folder, 'acme')] } },
    keys: { globex: { gateway: 'main', secret: ofGlobex } },
    config: {
      bindings: [
        { team: 'acme', key: 'acme' },
        { team: 'globex', key: 'globex' },
      ],
      callers: { service: { hashes: { env: 'RING' }, principals } },
    },
    env: { KEY: key, RING: `agent:${hash('sha256', ofAcme)},other:${hash('sha256', ofOther)}` },
  })
}

/** The status of a list of what is stored under the account. */
async function lists(credential: string): Promise<number> {
  const response = await fetch(`${sidecar.url}/files`, { headers: { authorization: `Bearer ${credential}` } })
  await response.arrayBuffer()
  return response.status
}

test('one-secret-from-two-sources: two keys that turn out to be one are of several tenants, so nothing that is stored can be read', async () => {
  await open({ exec: ['/bin/cat', join(folder, 'globex')] })
  expect(await lists(ofOther)).toBe(403)
  expect(await lists(ofAcme)).toBe(403)
})

test('one-secret-from-two-sources: the same holds where one of the two is read with the configuration', async () => {
  await open({ env: 'KEY' })
  expect(await lists(ofAcme)).toBe(403)
  expect(await lists(ofOther)).toBe(403)
})

test('one-secret-from-two-sources: two keys with a secret each are of one tenant each, and what is stored under them can be read', async () => {
  await open({ exec: ['/bin/cat', join(folder, 'another')] })
  expect(await lists(ofAcme)).toBe(200)
  expect(await lists(ofOther)).toBe(200)
})
