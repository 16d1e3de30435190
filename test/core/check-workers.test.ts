import { checkConfig, type Problem, processesOf, workersOf } from '@postern/config'
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'

const config = {
  version: 1,
  gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: { env: 'SESSION' } } },
}
const env = { KEY: 'sk-0123456789abcdef0123', SESSION: 'a session secret of more than 32 characters' }

function check(settings: object): ReturnType<typeof checkConfig> {
  return checkConfig({ ...config, ...settings }, { env, directory: import.meta.dirname })
}

function told(settings: object): readonly Pick<Problem, 'path' | 'severity'>[] {
  return check(settings).problems.map(({ path, severity }) => ({ path, severity }))
}

test('one worker, written or not, is told nothing of', () => {
  expect(told({})).toEqual([])
  expect(told({ listen: { workers: 1 } })).toEqual([])
})

test('several workers are told what each counts for itself', () => {
  expect(told({ listen: { workers: 4 } })).toEqual([{ path: 'listen.workers', severity: 'warning' }])
  expect(check({ listen: { workers: 4 } }).problems[0]?.reason).toMatch(/lets 4 processes serve.*Idempotency-Key.*409/)
})

test.each([0, -1, 1.5, 257, 'many'])('%j is no number of workers', (workers) => {
  expect(told({ listen: { workers } })).toEqual([{ path: 'listen.workers', severity: 'error' }])
})

test('auto is one worker for each core, and all processes are those of all replicas', () => {
  const { checked } = check({ listen: { workers: 'auto' }, replicas: 3, store: { redis: 'redis://127.0.0.1' } })
  const read = checked?.config as NonNullable<typeof checked>['config']
  expect(workersOf(read)).toBe(availableParallelism())
  expect(processesOf(read)).toBe(3 * availableParallelism())
})

test('workers are held to what replicas are held to: a key for assertions, and no answers about cookies that are kept', () => {
  const backend = { url: 'http://127.0.0.1:3000', identity: {} }
  expect(told({ listen: { workers: 2 }, backend })).toContainEqual({ path: 'backend.identity.key', severity: 'error' })
  const forwardAuth = { url: 'http://127.0.0.1:3000/api/me', cache: '1s' }
  const callers = { ...config.callers, forwardAuth }
  expect(told({ listen: { workers: 2 }, callers })).toContainEqual({ path: 'callers.forwardAuth.cache', severity: 'warning' })
})
