import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { checkConfig, type CheckedConfig, type Problem } from '@postern/config'
import { openInstance } from '@postern/express'
import { Secret } from '@postern/ports'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createMemoryLedger } from '../support/memory-ledger.js'

/** Twice as many of everything; what is done anyway counts on both sides, so the ratio is below two. */
const few = 200
const atMost = 2.2

interface Growth {
  readonly ratio: number
  /** How many problems were told, of each entry. */
  readonly told: number | undefined
}

async function growthOf(work: string, severity?: Problem['severity']): Promise<Growth> {
  const worker = new Worker(new URL('../support/count-growth.mjs', import.meta.url), { workerData: { work, severity, few } })
  const [counted] = (await once(worker, 'message')) as [{ once: number; twice: number; told: number | undefined }]
  await worker.terminate()
  expect(counted.once).toBeGreaterThan(10 * few)
  return { ratio: counted.twice / counted.once, told: counted.told }
}

describe('work grows no faster than the number of keys, bindings and rules', () => {
  test('when a configuration is checked', async () => {
    expect((await growthOf('check')).ratio).toBeLessThan(atMost)
  })

  test('when it is compiled, replaced by another one, and let go', async () => {
    expect((await growthOf('replace')).ratio).toBeLessThan(atMost)
  })

  test.each<[what: string, severity: Problem['severity'], perEntry: number]>([
    ['all keys have the same secret', 'warning', 1],
    ['no binding names a key that is there', 'error', 1],
    ['no key names a gateway that is there', 'error', 1],
  ])('when it is checked and %s', async (what, severity, perEntry) => {
    const { ratio, told } = await growthOf(what, severity)
    expect(told).toBeGreaterThanOrEqual(perEntry)
    expect(ratio).toBeLessThan(atMost)
  })
})

describe('what belongs to one key is made when it is first used', () => {
  afterEach(() => vi.restoreAllMocks())

  test('no secret is hashed, and no key is derived from one, before the first call', async () => {
    const spies = [vi.spyOn(Secret.prototype, 'fingerprint'), vi.spyOn(Secret.prototype, 'deriveKey')]
    const env = Object.fromEntries(
      Array.from({ length: few }, (_, index) => [`KEY_${index}`, `growth-${randomBytes(24).toString('base64url')}`]),
    )
    const names = Object.keys(env)
    // This gateway stores objects of callers, whose ids are sealed with a key that is derived from the gateway key.
    const withObjects = {
      version: 1,
      gateways: { main: { dialect: 'freeai', baseURL: 'https://gateway.example.com/v1' } },
      keys: Object.fromEntries(names.map((name) => [name, { gateway: 'main', secret: { env: name }, project: 'growth' }])),
      bindings: names.map((name) => ({ user: `user-${name}`, key: name })),
      callers: { service: { hashes: { env: 'RING' } } },
    }
    const { checked } = checkConfig(withObjects, { env: { ...env, RING: `agent:${hash('sha256', 'a caller')}` }, directory: '/' })
    const instance = openInstance(checked as CheckedConfig, { ledger: createMemoryLedger() })
    await instance.close()
    expect(spies.map(({ mock }) => mock.calls.length)).toEqual([0, 0])
  })
})
