import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OwnBindings } from '@postern/config'
import { type Emulator, issueKey, startEmulator } from '@postern/emulator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MasterKeys, RingEditor } from '@postern/instance'
import { createMemoryStore, type KeyRing, Secret } from '@postern/ports'
import { describeRingKey } from '../../sidecar/src/keys/describe-keys.js'
import { runInProcess } from '../support/run-in-process.js'
import { type Finished, runPostern, startPostern } from '../support/run-postern.js'

const made = () => randomBytes(32).toString('base64url')
const key = issueKey('joytoken')
const env = { K1: made(), K2: made(), KEY: key.secret, RING: `acme:${hash('sha256', 'credential of acme')}` }

let cwd: string
let emulator: Emulator

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'postern-reseal-'))
  emulator = await startEmulator('joytoken', { keys: [key] })
})
afterEach(async () => {
  await emulator.close()
  rmSync(cwd, { recursive: true })
})

/** Writes the configuration with these master keys, the first of which seals. */
function configure(...masterKeys: readonly ('K1' | 'K2')[]): void {
  writeFileSync(
    join(cwd, 'postern.json'),
    JSON.stringify({
      version: 1,
      listen: { port: 0 },
      store: { sqlite: './postern.db' },
      admin: { socket: './admin.sock' },
      audit: { file: './audit.log' },
      keyRing: { masterKeys: masterKeys.map((id) => ({ id, secret: { env: id } })) },
      gateways: { main: { dialect: 'joytoken', baseURL: emulator.baseURL, addressLimit: 'off' } },
      keys: {},
      bindings: [],
      callers: { service: { hashes: { env: 'RING' }, principals: { acme: { team: 'acme', user: 'u_1' } } } },
    }),
  )
}

const keys = (...args: readonly string[]): Promise<Finished> => runInProcess(['keys', ...args, '--config', 'postern.json'], { cwd, env })

async function callAt(url: string): Promise<number> {
  const answer = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer credential of acme', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  await answer.arrayBuffer()
  return answer.status
}

test('postern keys reseal moves a ring to another master key while its callers call, and the former one is not needed any more', async () => {
  configure('K1')
  expect((await keys('add', 'acme', '--gateway', 'main', '--team', 'acme', '--secret-env', 'KEY')).code).toBe(0)
  configure('K2', 'K1')
  const running = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  const [, url = ''] = await running.prints(/"url":"([^"]+)"/)
  const done = new AbortController()
  const calls = (async () => {
    const statuses = new Set<number>()
    while (!done.signal.aborted) statuses.add(await callAt(url))
    statuses.add(await callAt(url))
    return statuses
  })()
  const resealed = await runPostern(['keys', 'reseal', '--config', 'postern.json'], { cwd, env })
  expect([resealed.code, resealed.stdout]).toEqual([
    0,
    expect.stringContaining('Sealed anew under K2: 1 key and 1 binding. The rest was already.\nNo row needs another master key now'),
  ])
  expect(JSON.parse((await keys('reseal', '--json')).stdout)).toEqual({
    master_key: 'K2',
    keys: 0,
    bindings: 0,
    broken: 0,
    first_broken: [],
  })
  done.abort()
  expect([...(await calls)]).toEqual([200])
  running.child.kill('SIGTERM')
  await running.finished
  const audited = readFileSync(join(cwd, 'audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('keys_resealed'))
  expect(audited.slice(0, 2).map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ master_key: 'K2', result: 'begun' }),
    expect.objectContaining({ master_key: 'K2', result: 'done' }),
  ])

  configure('K2')
  const again = startPostern(['start', '--config', 'postern.json'], { cwd, env })
  const [, other = ''] = await again.prints(/"url":"([^"]+)"/)
  expect(await callAt(other)).toBe(200)
  again.child.kill('SIGTERM')
  await again.finished
})

test('postern keys reseal says which rows need a master key that is not there, and ends with 1', async () => {
  configure('K1')
  expect((await keys('add', 'acme', '--gateway', 'main', '--team', 'acme', '--secret-env', 'KEY')).code).toBe(0)
  configure('K2')
  expect((await keys('list')).stdout).toContain('There is no master key "K1"')
  const { code, stdout } = await keys('reseal')
  expect(code).toBe(1)
  expect(stdout).toContain('the key "acme" cannot be read, and stays as it is: There is no master key "K1" under keyRing.masterKeys.')
  expect(stdout).toContain('the binding of team=acme cannot be read')
  expect(stdout).not.toContain('No row needs')
})

test('a key whose row opens is listed with the binding that does not, since its callers get no key', async () => {
  const ring = createMemoryStore().keyRing as KeyRing
  const masterKeys = (id: string) => new MasterKeys([{ id, secret: new Secret(`${id} `.repeat(20)) }])
  const key = { alias: 'acme', gateway: 'main', secret: new Secret('sk_a_key_of_the_ring') }
  await new RingEditor(ring, masterKeys('k2')).add(key, [{ team: 'acme' }], 0)
  await ring.change({ bind: [new RingEditor(ring, masterKeys('k1')).bindingOf({ team: 'globex' }, 'acme')] })
  const [kept] = await ring.keys(undefined, 1)
  if (kept === undefined) throw new Error('The key is not there.')
  expect(await describeRingKey(kept, ring, masterKeys('k2'), new OwnBindings({ bindings: [] }))).toMatchObject({
    master_key: 'k2',
    trouble: 'the binding of team=globex cannot be read: There is no master key "k1" under keyRing.masterKeys.',
  })
})
