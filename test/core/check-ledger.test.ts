import { checkConfig } from '@postern/config'
import { expect, test } from 'vitest'

const config = {
  version: 1,
  gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { session: { secret: { env: 'SESSION' } } },
}
const env = { KEY: 'sk-0123456789abcdef0123', SESSION: 'a session secret of more than 32 characters' }

function problemsOf(settings: object): readonly string[] {
  const { problems } = checkConfig({ ...config, ...settings }, { env, directory: import.meta.dirname })
  return problems.filter(({ path }) => path.startsWith('ledger')).map(({ path, reason, fix }) => `${path} ${reason} ${fix}`)
}

test('a ledger needs no further setting', () => {
  expect(problemsOf({ ledger: {} })).toEqual([])
})

test.each([
  { store: { postgres: 'postgres://host/database' }, ledger: {} },
  { store: { redis: 'redis://host' }, ledger: { postgres: 'postgres://host/database' } },
])('several replicas write into one ledger in PostgreSQL: %j', (settings) => {
  const { problems } = checkConfig({ ...config, ...settings, replicas: 3 }, { env, directory: import.meta.dirname })
  expect(problems).toEqual([])
})

test.each([
  [
    { ledger: {}, replicas: 3, store: { redis: 'redis://127.0.0.1' } },
    /"replicas" is more than 1.*Write ledger: \{ postgres: \{ env: POSTGRES_URL \} \}, into which all of them write/,
  ],
  [{ ledger: { sqlite: './x.db', postgres: 'postgres://host/database' } }, /must say one place/],
  [{ ledger: { schema: 'mine' } }, /ledger.schema is for PostgreSQL, and the ledger is in a file/],
  [{ ledger: { postgres: { env: 'SESSION' } } }, /does not refer to an address/],
  [{ ledger: { postgres: 'postgres://user:pa55@host/database' } }, /holds a password/],
  [{ ledger: { sqlite: './postern.db' } }, /is the file of the store/],
  [{ ledger: { sqlite: './x.db' }, store: { sqlite: '../core/x.db' } }, /is the file of the store/],
  [{ ledger: { keep: '5m' } }, /ledger.keep is less than a day/],
  [{ ledger: { sqlite: './nowhere/x.db' } }, /lies in the folder .*nowhere, which is not there/],
])('%j is refused or warned of, with what to write', (settings, told) => {
  expect(problemsOf(settings)).toEqual([expect.stringMatching(told)])
})
