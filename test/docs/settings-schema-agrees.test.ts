import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { checkConfig, type Problem } from '@postern/config'
import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type JsonSchema, validate } from '../support/validate-json-schema.js'

const schema = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@postern/config/postern.schema.json'), 'utf8')) as JsonSchema

/** A configuration that says something in most of its groups. */
const good: unknown = {
  version: 1,
  listen: { host: '127.0.0.1', port: 8787, keepAlive: '75s', trustedProxies: ['10.0.0.0/8'], hosts: ['app.example.com'] },
  mount: '/ai',
  admin: { socket: './postern.sock', credentials: { ops: { hash: hash('sha256', 'ops'), roles: ['sessions', 'read'] } } },
  health: { host: '0.0.0.0', port: 8789 },
  audit: { file: './audit.jsonl' },
  ledger: { keep: '90d', sqlite: './ledger.db' },
  backend: {
    url: 'http://127.0.0.1:3000',
    timeouts: { headers: '60s' },
    connections: 100,
    identity: { header: 'My-Identity', ttl: '60s' },
  },
  browser: { origins: ['https://app.example.com'], record: 'public', hsts: { maxAge: '365d', includeSubDomains: true } },
  gateways: {
    main: {
      dialect: 'openai',
      baseURL: 'https://gateway.example.com/v1',
      attempts: 2,
      addressLimit: { burst: 10, perMinute: 60, longestWait: '30s' },
      endpoints: { rerank: { methods: ['POST'], format: 'plain', model: 'body', ceiling: 'none', media: false } },
      passHeaders: ['x-my-feature'],
      endMark: 'optional',
      streamUsage: 'ask',
      timeouts: { connect: '5s', firstEvent: '250ms' },
    },
  },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, currency: 'TRY', shared: true } },
  bindings: [
    { team: 'acme', key: 'acme' },
    { default: true, key: 'acme' },
  ],
  callers: {
    session: { secret: { env: 'SESSION' }, ttl: '10m', exchange: { limit: 30, window: '1m' } },
    jwt: [
      {
        issuer: 'https://id.example.com/',
        audience: 'postern',
        jwks: 'https://id.example.com/jwks.json',
        algorithms: ['RS256'],
        types: ['jwt'],
        claims: { user: 'sub', team: ['org', 'id'] },
        teams: ['acme'],
        clockSkew: '30s',
      },
    ],
    forwardAuth: {
      url: 'http://127.0.0.1:3000/api/me',
      cookies: ['sid'],
      passHeaders: ['x-tenant'],
      claims: { user: 'user' },
      cache: '1s',
    },
    service: { hashes: { env: 'RING' }, principals: { agent: { user: 'svc', team: 'acme', delegate: true } } },
    anonymous: { team: 'visitors', limit: 20, window: '1h' },
    dpop: { window: '60s', nonce: false },
  },
  store: { sqlite: './postern.db' },
  replicas: 1,
  policies: {
    models: ['auto'],
    endpoints: ['chat/*'],
    body: '10MiB',
    maxTokens: 4096,
    pinUser: true,
    rules: [{ team: 'acme', models: ['auto'], body: '1MB' }],
  },
  limits: {
    prices: {
      version: '2026-11',
      difference: '5%',
      markups: { main: { acme: 1.5, '*': '1.3' } },
      prices: [
        { gateway: 'main', model: 'gpt-*', tier: 'flex', unit: 'USD', perMillion: { input: 2.5, output: '10', cached: 0 }, maxOutput: 10 },
        { model: '*', unit: 'credits', perCall: 1, perImage: 2, perSecond: '0.001', ceilings: { image: 1, audio: 2, file: 3 } },
      ],
    },
    onUnavailable: 'allow',
    rules: [{ name: 'fair-use', each: 'user', per: 'minute', requests: 60 }],
  },
  failedAuthentication: { limit: 30, window: '60s' },
  connections: { perAddress: 1000, underWay: 64, heldBytes: '256MiB', minRate: '1KiB/s' },
  reload: { watch: false },
  shutdown: { deadline: '30s' },
}

type Place = readonly (string | number)[]
type Group = Record<string | number, unknown>

/** Every place of a value, its own included. */
function placesIn(value: unknown, at: Place = []): readonly Place[] {
  if (typeof value !== 'object' || value === null) return [at]
  const members = Array.isArray(value) ? value.map((each: unknown, index) => [index, each] as const) : Object.entries(value)
  return [at, ...members.flatMap(([name, member]) => placesIn(member, [...at, name]))]
}

/** A copy with one change at a place. */
function changed(place: Place, change: (holder: Group, name: string | number) => void): unknown {
  const copy = { whole: structuredClone(good) }
  const holder = ['whole', ...place.slice(0, -1)].reduce<unknown>((at, name) => (at as Group)[name], copy) as Group
  if (place.length === 0) change(copy, 'whole')
  else change(holder, place.at(-1) as string | number)
  return copy.whole
}

const values: readonly unknown[] = ['a text', 7, true, [], {}, null, '30s', -1.5, ['a text'], { strange: 1 }]

interface Mutation {
  readonly what: string
  readonly config: unknown
}

/** Small changes at one place: other values in turn, a misspelt name, no value, and a member more. */
function mutationsAt(place: Place, turn: number): readonly Mutation[] {
  const at = place.join(' ')
  const others = [values[turn % values.length]]
  const found: Mutation[] = others.map((value) => ({
    what: `${at} = ${JSON.stringify(value)}`,
    config: changed(place, (holder, name) => (holder[name] = value)),
  }))
  if (typeof place.at(-1) === 'string') {
    found.push({ what: `${at} is left out`, config: changed(place, (holder, name) => delete holder[name]) })
    const misspell = (holder: Group, name: string | number) => {
      holder[`${name}x`] = holder[name]
      delete holder[name]
    }
    found.push({ what: `${at} is misspelt`, config: changed(place, misspell) })
  }
  const held = place.reduce<unknown>((inner, name) => (inner as Group)[name], good)
  if (typeof held !== 'object' || held === null || Array.isArray(held)) return found
  const add = (holder: Group, name: string | number) => ((holder[name] as Group)['strange'] = 1)
  return [...found, { what: `${at} has a strange member`, config: changed(place, add) }]
}

const env = { KEY: 'jt_0123456789abcdef', SESSION: 's'.repeat(32), RING: `agent:${hash('sha256', 'agent')}` }

function errorsOf(config: unknown): readonly Problem[] {
  return checkConfig(config, { env, directory: import.meta.dirname }).problems.filter(({ severity }) => severity === 'error')
}

/** Says that a name is not known, or that a value is of the wrong kind. */
const structural =
  /^(?:is not a setting|is (?:a text|a list|a number|true or false|a group of settings|empty|not a whole number)\b|has a value that is not known|holds something other than a reference)/

describe('the JSON schema and check', () => {
  const mutations = placesIn(good).flatMap(mutationsAt)

  test('agree on the configuration that is changed here', () => {
    expect(errorsOf(good)).toEqual([])
    expect(validate(schema, good)).toEqual([])
    expect(mutations.length).toBeGreaterThan(300)
  })

  test('agree on names that are not known and on values of the wrong kind, and the schema refuses nothing that check takes', () => {
    const [apart, counts] = [[] as unknown[], { refused: 0, taken: 0 }]
    for (const { what, config } of mutations) {
      const errors = errorsOf(config)
      const found = validate(schema, config)
      counts[found.length > 0 ? 'refused' : 'taken']++
      if (found.length > 0 && errors.length === 0) apart.push([what, 'the schema alone refuses', found])
      const structure = errors.filter(({ reason }) => structural.test(reason))
      if (structure.length > 0 && found.length === 0) apart.push([what, 'check alone refuses', structure])
    }
    expect(apart).toEqual([])
    expect(Math.min(counts.refused, counts.taken)).toBeGreaterThan(100)
  }, 120_000)
})
