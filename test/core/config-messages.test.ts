import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkConfig, describeProblem } from '@postern/config'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'

const env = {
  KEY: 'jt_0123456789',
  RING: `agent:${hash('sha256', 'a caller')}`,
  LONG: 'l'.repeat(32),
  REDIS_URL: 'redis://127.0.0.1:6379',
}

const good = {
  version: 1,
  gateways: { main: { dialect: 'joytoken' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
}

/** What is said of a configuration, but for what it says of the look of the keys, which are nobody's. */
function messagesOf(config: unknown): string[] {
  const { problems } = checkConfig(config, { env, directory: '.' })
  return problems.filter(({ reason }) => !/^(?:does not look|looks) like /.test(reason)).map((each) => describeProblem(each).trim())
}

/** The good configuration with one value in it changed: `callers.jwt.0.jwks`. */
function changed(path: string, value: unknown): unknown {
  const config = structuredClone<Record<string, unknown>>(good)
  const names = path.split('.')
  const last = names.pop() as string
  let at = config
  for (const name of names) at = (at[name] ??= {}) as Record<string, unknown>
  at[last] = value
  return config
}

const secret = { env: 'LONG' }
const jwt = { issuer: 'https://id.example', audience: 'a', jwks: 'https://id.example/keys', algorithms: ['ES256'] }

describe('a message of check', () => {
  test.each<[path: string, value: unknown, message: string]>([
    [
      'callers.session',
      { secret, ttl: 600 },
      'callers.session.ttl: is 600, without a unit. Write 600s if it is in seconds, or 600ms if it is in milliseconds.',
    ],
    [
      'gateways.main.timeouts',
      { connect: '5' },
      'gateways.main.timeouts.connect: is 5, without a unit. Write 5s if it is in seconds, or 5ms if it is in milliseconds.',
    ],
    ['policies.body', 1000, 'policies.body: is 1000, without a unit. Write 1000B if it is in bytes, or 1000KiB if it is in kibibytes.'],
    [
      'connections.heldBytes',
      0.5,
      'connections.heldBytes: is 0.5, without a unit. Write 0.5B if it is in bytes, or 0.5KiB if it is in kibibytes.',
    ],
    ['connections.minRate', 5, 'connections.minRate: is 5, without a unit. Write 5B/s if it is in bytes a second.'],
    ['shutdown.deadline', '10 minutes', 'shutdown.deadline: is not a time with its unit. Write it like 500ms, 30s, 10m, 12h or 30d.'],
    ['shutdown.deadline', null, 'shutdown.deadline: is not a time with its unit. Write it like 500ms, 30s, 10m, 12h or 30d.'],
    ['browser.hsts', {}, 'browser.hsts.maxAge: is missing. Write a time with its unit: 500ms, 30s, 10m, 12h or 30d.'],
    ['listen.port', 'eighty', 'listen.port: is a text. Write a number.'],
    ['listen.port', '8787', 'listen.port: is a text. Write a number, without quotes.'],
    ['listen.port', 80.5, 'listen.port: is not a whole number. Write a whole number.'],
    ['listen.port', 70_000, 'listen.port: is more than 65535. Write 65535 or less.'],
    ['replicas', 0, 'replicas: is less than 1. Write 1 or more.'],
    ['bindings', 'acme', 'bindings: is a text. Write a list.'],
    ['policies.models', [], 'policies.models: is an empty list. Write one entry or more, or leave the setting out.'],
    ['policies.pinUser', 'yes', 'policies.pinUser: is a text, as yes, no, on and off are in YAML. Write true or false.'],
    ['policies.pinUser', 'Off', 'policies.pinUser: is a text, as yes, no, on and off are in YAML. Write true or false.'],
    ['policies.pinUser', 'true', 'policies.pinUser: is a text. Write true or false, without quotes.'],
    ['policies.pinUser', 'always', 'policies.pinUser: is a text. Write true or false.'],
    ['gateways.main', { dialect: 'openia' }, 'gateways.main.dialect: has a value that is not known. Did you mean "openai"?'],
    ['gateways.main', { dialect: 'joy-token' }, 'gateways.main.dialect: has a value that is not known. Did you mean "joytoken"?'],
    ['browser.record', 'Public', 'browser.record: has a value that is not known. Did you mean "public"?'],
    ['store', 'sqlite', 'store: is a text. Write a group of settings, such as { sqlite: ./postern.db }.'],
    ['listen', 8787, 'listen: is a number. Write a group of settings, such as { host: 127.0.0.1, port: 8787 }.'],
    ['backend', 'http://127.0.0.1:3000', 'backend: is a text. Write a group of settings, such as { url: http://127.0.0.1:3000 }.'],
    [
      'gateways.main',
      'joytoken',
      'gateways.main: is a text. Write a group of settings, such as { dialect: openai, baseURL: https://gateway.example.com/v1 }.',
    ],
    ['keys.acme', 'KEY', 'keys.acme: is a text. Write a group of settings, such as { gateway: main, secret: { env: NAME } }.'],
    ['shutdown', '30s', 'shutdown: is a text. Write a group of settings, such as { deadline: 30s }.'],
    ['version', undefined, 'version: is missing. Write "version": 1.'],
    ['version', 2, 'version: has a value that is not known. Write 1.'],
    [
      'gateways.main.endpoints',
      { rerank: { methods: ['POST'], model: 'body' } },
      'gateways.main.endpoints.rerank.format: is missing. Write "format": one of chat, responses, messages, generate-content, plain.',
    ],
    ['browser.record', 'some', 'browser.record: has a value that is not known. Write one of full, public.'],
    [
      'gateways.main.addressLimit',
      5,
      'gateways.main.addressLimit: is neither off nor a limit. Write off, or { burst: 10, perMinute: 60 }.',
    ],
    ['gateways.main.addressLimit', { burst: 10 }, 'gateways.main.addressLimit.perMinute: is missing. Write "perMinute": a number.'],
    [
      'gateways.main.addressLimit',
      { burst: 10, perMinute: 0 },
      'gateways.main.addressLimit.perMinute: is not more than 0. Write a number above 0.',
    ],
    [
      'callers.jwt',
      [{ ...jwt, audience: undefined }],
      'callers.jwt[0].audience: is missing, or is neither a text nor a list of texts; without it a token for another service would be good here. Write what its tokens hold as "aud", such as api://postern.',
    ],
    [
      'callers.forwardAuth',
      { url: 'http://127.0.0.1/me', cache: '2m' },
      'callers.forwardAuth.cache: is longer than a minute. Write 1m or less.',
    ],
    ['callers.dpop', { window: '1h' }, 'callers.dpop.window: is not between a second and ten minutes. Write a time such as 1m.'],
    [
      'callers.anonymous',
      { user: 'guest', limit: 5, window: '2d' },
      'callers.anonymous.window: is not between a second and a day. Write a time such as 1m.',
    ],
    [
      'listen.trustedProxies',
      ['0.0.0.0/0'],
      'listen.trustedProxies[0]: is not an address or a network. Write 127.0.0.1 or 10.0.0.0/8; it cannot be everybody (/0).',
    ],
    [
      'store',
      { redis: { url: { env: 'REDIS_URL' } } },
      'store.redis: is neither redis://host:port nor a reference to one. Write redis://host:6379, { env: REDIS_URL } or { file: PATH }.',
    ],
    [
      'store',
      { postgres: 'mysql://host/database' },
      'store.postgres: is neither postgres://host:port/database nor a reference to one. Write postgres://host:5432/database, { env: POSTGRES_URL } or { file: PATH }.',
    ],
    [
      'store',
      { postgres: 'postgres://user:pa55@host/database' },
      'store.postgres: holds a password. Write { env: NAME } or { file: PATH }; the address stands there, password and all.',
    ],
    [
      'store',
      { postgres: 'postgres://host/database?password=pa55' },
      'store.postgres: holds a password. Write { env: NAME } or { file: PATH }; the address stands there, password and all.',
    ],
    [
      'store',
      { postgres: { env: 'REDIS_URL' } },
      'store.postgres: does not refer to an address. It is written postgres://user:password@host:5432/database, with ?sslmode=verify-full for TLS.',
    ],
    [
      'store',
      { postgres: 'postgres://host/database', schema: 'Public-1' },
      'store.schema: is not the name of a schema. Use 1 to 63 small letters, digits and underscores, not beginning with a digit or pg_.',
    ],
    ['store', { redis: 'redis://host', schema: 'mine' }, 'store.schema: is for PostgreSQL, and there is none. Remove it.'],
    [
      'store',
      { redis: 'redis://host', postgres: 'postgres://host/database' },
      'store: must say one place. Write sqlite: ./postern.db, redis: { env: REDIS_URL }, postgres: { env: POSTGRES_URL } or memory: true.',
    ],
    ...['localhost:80', '0.0.0.0:8787', '[::1]:80', 'http://localhost', 'localhost/'].map((host): [string, unknown, string] => [
      'listen',
      { host },
      'listen.host: is not a host alone. Write an address or a name; the port is listen.port.',
    ]),
    ...['*', 'https://*.example.com'].map((origin): [string, unknown, string] => [
      'browser.origins',
      [origin],
      'browser.origins[0]: is not an origin. Write it like https://app.example.com or capacitor://localhost: without a path or a slash at the end; there is no wildcard.',
    ]),
    ['callers', undefined, 'callers: is missing. Write "callers": a group of settings, such as { session: { secret: { env: NAME } } }.'],
    ['mount', 'ai', 'mount: is not a path. Write it like /ai: with a slash at the beginning and without a slash at the end; or / alone.'],
    [
      'admin',
      { port: 8788, host: '0.0.0.0' },
      'admin: is neither a Unix socket nor a port of this machine. Write { socket: ./postern.sock }, or { port: 8788, secret: { env: NAME } }; it listens on this machine alone.',
    ],
  ])('says of %s: %j what is wrong and what to write', (path, value, message) => {
    expect(messagesOf(changed(path, value))).toContain(message)
  })

  test.each<[path: string, value: unknown, message: string]>([
    ['mount', '/ai/v1', 'mount: ends in /v1, which Postern adds: the API is at /ai/v1/v1. Write /ai.'],
    ['mount', '/v1', 'mount: ends in /v1, which Postern adds: the API is at /v1/v1. Write /.'],
    [
      'gateways.main',
      { dialect: 'openai', baseURL: 'https://gateway.example:4100' },
      'gateways.main.baseURL: does not end in /v1. Write https://gateway.example:4100/v1, unless the gateway’s documents have its API elsewhere.',
    ],
    [
      'gateways.main',
      { dialect: 'openai', baseURL: 'https://gateway.example/api/v1/chat/completions' },
      'gateways.main.baseURL: ends in the endpoint chat/completions. Write what stands before it: https://gateway.example/api/v1.',
    ],
    [
      'gateways.main',
      { dialect: 'openai', baseURL: 'https://gateway.example/api/v1/v1/' },
      'gateways.main.baseURL: names its version twice. Write https://gateway.example/api/v1.',
    ],
    [
      'gateways.main',
      { dialect: 'joytoken', baseURL: 'https://gateway.example/openai/v1/responses/' },
      'gateways.main.baseURL: ends in the endpoint responses. Write what stands before it: https://gateway.example/openai/v1.',
    ],
    [
      'gateways.main',
      { dialect: 'joytoken', baseURL: 'https://api.joytokens.ai/v1' },
      'gateways.main.baseURL: does not end in /openai/v1, as the API of JoyToken does. Write https://api.joytokens.ai/openai/v1, unless the gateway’s documents have its API elsewhere.',
    ],
    [
      'gateways.main',
      { dialect: 'joytoken', baseURL: 'https://gateway.example' },
      'gateways.main.baseURL: does not end in /openai/v1, as the API of JoyToken does. Write https://gateway.example/openai/v1, unless the gateway’s documents have its API elsewhere.',
    ],
    [
      'gateways.main',
      { dialect: 'opentoken', baseURL: 'http://127.0.0.1:4100/' },
      'gateways.main.baseURL: does not end in /v1, as the API of OpenToken does. Write http://127.0.0.1:4100/v1, unless the gateway’s documents have its API elsewhere.',
    ],
    [
      'admin',
      { port: 8788 },
      'admin: listens on a port and has no secret, so it refuses to mint and to revoke. Write secret: { env: NAME } beside the port, or a socket in its place.',
    ],
    [
      'store',
      { sqlite: '/nowhere/at/all/postern.db' },
      'store.sqlite: lies in the folder /nowhere/at/all, which is not there. Make the folder, or write another path.',
    ],
  ])('warns of %s: %j', (path, value, message) => {
    expect(messagesOf(changed(path, value))).toEqual([message])
    expect(checkConfig(changed(path, value), { env, directory: '.' }).checked).toBeDefined()
  })

  test.each<[path: string, value: unknown]>([
    ['gateways.main', { dialect: 'openai', baseURL: 'https://gateway.example/v1beta/openai' }],
    ['gateways.main', { dialect: 'openai', baseURL: 'https://gateway.example/openai/v1/' }],
    ['gateways.main', { dialect: 'joytoken', baseURL: 'https://gateway.example/elsewhere' }],
    ['gateways.main', { dialect: 'joytoken', baseURL: 'https://api.joytokens.ai/openai/v1/' }],
    ['gateways.main', { dialect: 'joytoken', baseURL: 'http://127.0.0.1:4100/openai/v1' }],
    ['gateways.main', { dialect: 'opentoken', baseURL: 'http://127.0.0.1:4100/v1' }],
    ['listen', { host: '::1' }],
    ['listen', { host: 'postern.internal' }],
    ['admin', { socket: './postern.sock' }],
    ['admin', { port: 8788, secret }],
    ['store', { sqlite: './postern.db' }],
    ['mount', '/v1/ai'],
  ])('warns of nothing in %s: %j', (path, value) => {
    expect(messagesOf(changed(path, value))).toEqual([])
  })

  test.each(['list', 'lis', 'lm', 'none', 'EMPTY', 'ollama', 'test', 'sk-elevench'])(
    'warns of the gateway key %j that answers are withheld which hold it by chance, and of what to write in its place',
    (key) => {
      for (const name of ['secret', 'providerSecret']) {
        const config = {
          ...good,
          gateways: { main: { dialect: 'mintoken' } },
          keys: { acme: { gateway: 'main', secret, providerSecret: secret, [name]: { env: 'SHORT' } } },
        }
        const { checked, problems } = checkConfig(config, { env: { ...env, SHORT: key }, directory: '.' })
        const short = problems.filter(({ reason }) => reason.includes('fewer than 12 characters'))
        expect(short.map(({ path, severity }) => [path, severity])).toEqual([[`keys.acme.${name}`, 'warning']])
        expect(short[0]?.reason).toContain('502 gateway_answer_invalid')
        expect(short[0]?.fix).toContain('For a server that needs none, write a long random text')
        expect(short[0]?.reason).not.toContain(`${key} `)
        expect(checked).toBeDefined()
      }
    },
  )

  test('comes at once with what else is wrong there, as for an endpoint whose name and settings are both wrong', () => {
    const messages = messagesOf(
      changed('gateways.main', { dialect: 'joy', attempts: 99, endpoints: { '/rerank': { model: 'body' }, 'a//b': 5 } }),
    )
    expect(messages.map((message) => message.slice(0, message.indexOf(': '))).toSorted()).toEqual(
      [
        'gateways.main.attempts',
        'gateways.main.dialect',
        'gateways.main.endpoints./rerank',
        'gateways.main.endpoints./rerank.format',
        'gateways.main.endpoints./rerank.methods',
        'gateways.main.endpoints.a//b',
        'gateways.main.endpoints.a//b',
      ].toSorted(),
    )
  })

  test('says of one secret under two aliases that they are one key', () => {
    const config = {
      ...good,
      gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example/v1' } },
      keys: { acme: good.keys.acme, globex: good.keys.acme, other: { gateway: 'main', secret: { env: 'LONG' } } },
      bindings: ['acme', 'globex', 'other'].map((team) => ({ team, key: team })),
    }
    const [first, second, ...rest] = messagesOf(config)
    expect(first).toBe(
      'keys.acme: has the same secret as keys.globex, so to the gateway they are one key of several tenants (team=acme, team=globex), who could read what the others store; so nothing may be stored under it. Give each a secret of its own, or write "shared: true" at each if they may: then files, stored responses and conversations pass.',
    )
    expect(second).toContain('keys.globex: has the same secret as keys.acme')
    expect(rest).toEqual([])
  })

  test.each([undefined, null, 'text', [], 7])('says of a configuration that is %j that it is no group of settings', (config) => {
    expect(messagesOf(config)[0]).toMatch(/^configuration: is .*Write a(?: configuration: a)? group of settings\.$/)
  })

  test('repeats no text that may be a secret', () => {
    for (const path of [
      'listen.port',
      'replicas',
      'gateways.main.dialect',
      'policies.body',
      'shutdown.deadline',
      'keys.acme',
      'admin',
      'store',
    ])
      expect(messagesOf(changed(path, 'jt_a_literal_secret')).join()).not.toContain('literal')
  })
})

describe('a configuration that a message shows', () => {
  const snippet = /\b(?:store|callers|admin|listen|backend|policies|gateways): \{(?:[^{}$]|\{(?:[^{}$]|\{[^{}$]*\})*\})*\}/g
  const root = join(import.meta.dirname, '../..')
  const folders = [...readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'src')), join(root, 'sidecar/src')]
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  const shown = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(?:\*|\/\/|\/\*\*)/.test(line) && /'.*'|`.*`|".*"/.test(line))
        .flatMap((line) => line.match(snippet) ?? [])
        .filter((text) => /[{ ](?:env|file|port|socket|memory|sqlite): [A-Z0-9./]/.test(text)),
    )

  test('is found in several messages', () => expect(shown.length).toBeGreaterThanOrEqual(4))

  test.each(shown)('is taken by check: %s', (text) => {
    const config = { ...good, ...(parse(text) as object) }
    const places = {
      env: new Proxy({}, { get: (_, name) => `${name === 'POSTGRES_URL' ? 'postgres' : 'redis'}://0123456789abcdef0123456789abcdef` }),
      directory: '.',
    }
    const form = checkConfig(config, places).problems.filter(({ severity, path }) => severity === 'error' && !path.endsWith('.hashes'))
    expect(form).toEqual([])
  })
})
