import { hash, randomBytes } from 'node:crypto'
import { Session } from 'node:inspector'
import { checkConfig, type CheckedConfig, type Problem } from '@postern/config'
import { openInstance } from '@postern/express'
import { Secret } from '@postern/ports'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createMemoryLedger } from '../support/memory-ledger.js'

const digest = hash('sha256', 'a caller')

interface GrownParts {
  readonly keys: Record<string, { gateway: string; secret: object }>
  readonly bindings: { user: string; key: string }[]
  readonly rules: { user: string; models: string[]; endpoints: string[] }[]
}

/** A configuration with as many keys, bindings and rules as are asked for; each key has a secret and a user of its own. */
function grown(count: number, change: (parts: GrownParts) => void = () => {}) {
  const env: Record<string, string> = { RING: `agent:${digest}` }
  const parts: GrownParts = { keys: {}, bindings: [], rules: [] }
  for (let index = 0; index < count; index += 1) {
    env[`KEY_${index}`] = `growth-${randomBytes(24).toString('base64url')}`
    parts.keys[`key-${index}`] = { gateway: 'main', secret: { env: `KEY_${index}` } }
    parts.bindings.push({ user: `user-${index}`, key: `key-${index}` })
    parts.rules.push({ user: `user-${index}`, models: ['small-*'], endpoints: ['chat/*'] })
  }
  change(parts)
  const { keys, bindings, rules } = parts
  const config = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
    keys,
    bindings,
    callers: { service: { hashes: { env: 'RING' }, principals: { agent: { user: 'user-0' } } } },
    policies: { models: ['*'], rules },
  }
  return { config, env }
}

function check({ config, env }: ReturnType<typeof grown>): CheckedConfig {
  const { checked, problems } = checkConfig(config, { env, directory: '/' })
  if (checked === undefined) throw new Error(JSON.stringify(problems.slice(0, 3)))
  return checked
}

const session = new Session()
beforeAll(() => {
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
})
afterAll(() => session.disconnect())

/** How often functions and blocks of Postern's own packages have run since this was asked last, as V8 counts it. */
function countWork(): number {
  let work = 0
  session.post('Profiler.takePreciseCoverage', (_, { result }) => {
    for (const { url, functions } of result)
      if (/\/packages\/[a-z]+\/(?:src|dist)\//.test(url)) for (const { ranges } of functions) for (const { count } of ranges) work += count
  })
  return work
}

function workOf(action: () => void): number {
  countWork()
  action()
  return countWork()
}

/** Twice as many of everything; what is done anyway counts on both sides, so the ratio is below two. */
const few = 200
const atMost = 2.2

function ratioOf(action: (count: number) => () => void): number {
  workOf(action(few))
  const once = workOf(action(few))
  const twice = workOf(action(2 * few))
  // What was compiled to machine code for an earlier file of this worker is not counted; of each entry something is.
  expect(once).toBeGreaterThan(few)
  return twice / once
}

describe('work grows no faster than the number of keys, bindings and rules', () => {
  test('when a configuration is checked', () => {
    expect(
      ratioOf((count) => {
        const input = grown(count)
        return () => void check(input)
      }),
    ).toBeLessThan(atMost)
  })

  test('when it is compiled, replaced by another one, and let go', async () => {
    const closing: Promise<void>[] = []
    const ratio = ratioOf((count) => {
      const [first, second] = [check(grown(count)), check(grown(count))]
      return () => {
        const instance = openInstance(first, { ledger: createMemoryLedger() })
        instance.replace(second)
        closing.push(instance.close())
      }
    })
    await Promise.all(closing)
    expect(ratio).toBeLessThan(atMost)
  })

  test.each<[what: string, change: (parts: GrownParts) => void, severity: Problem['severity'], perEntry: number]>([
    ['all keys have the same secret', ({ keys }) => Object.values(keys).forEach((key) => (key.secret = { env: 'KEY_0' })), 'warning', 1],
    ['no binding names a key that is there', ({ bindings }) => bindings.forEach((binding) => (binding.key += 'x')), 'error', 1],
    ['no key names a gateway that is there', ({ keys }) => Object.values(keys).forEach((key) => (key.gateway = 'other')), 'error', 1],
  ])('when it is checked and %s', (_, change, severity, perEntry) => {
    const told: number[] = []
    const ratio = ratioOf((count) => {
      const { config, env } = grown(count, change)
      return () => {
        const { problems } = checkConfig(config, { env, directory: '/' })
        told.push(problems.filter((problem) => problem.severity === severity).length / count)
      }
    })
    expect(told.at(-1)).toBeGreaterThanOrEqual(perEntry)
    expect(ratio).toBeLessThan(atMost)
  })
})

describe('what belongs to one key is made when it is first used', () => {
  afterEach(() => vi.restoreAllMocks())

  test('no secret is hashed, and no key is derived from one, before the first call', async () => {
    const spies = [vi.spyOn(Secret.prototype, 'fingerprint'), vi.spyOn(Secret.prototype, 'deriveKey')]
    const { config, env } = grown(few)
    // This gateway stores objects of callers, whose ids are sealed with a key that is derived from the gateway key.
    const withObjects = {
      ...config,
      gateways: { main: { dialect: 'freeai', baseURL: 'https://gateway.example.com/v1' } },
      keys: Object.fromEntries(Object.entries(config.keys).map(([alias, key]) => [alias, { ...key, project: 'growth' }])),
    }
    const { checked } = checkConfig(withObjects, { env, directory: '/' })
    const instance = openInstance(checked as CheckedConfig, { ledger: createMemoryLedger() })
    await instance.close()
    expect(spies.map(({ mock }) => mock.calls.length)).toEqual([0, 0])
  })
})
