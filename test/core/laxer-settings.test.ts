import { checkConfig, type ConfigInput } from '@postern/config'
import { describe, expect, test } from 'vitest'
import { changesBetween } from '../../packages/instance/src/changes/changes.js'

const usual: ConfigInput = {
  version: 1,
  gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1' } },
  keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
  bindings: [{ team: 'acme', key: 'acme' }],
  callers: {
    session: { secret: { env: 'SESSION' } },
    service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } },
  },
}
const env = { KEY: 'sk_a_key_of_the_gateway', SESSION: 'x'.repeat(40), RING: `agent:${'0'.repeat(64)}` }

function checked(changes: Partial<ConfigInput>, variables: Readonly<Record<string, string>> = env) {
  const result = checkConfig({ ...usual, ...changes }, { env: variables, directory: process.cwd() })
  if (result.checked === undefined) throw new Error(JSON.stringify(result.problems))
  return result.checked
}

const callers = (changes: object): Partial<ConfigInput> => ({ callers: { ...usual.callers, ...changes } })

describe('a change of the configuration', () => {
  /** Each row: what it is about, the narrower configuration, and the wider one. */
  const rows: readonly (readonly [string, Partial<ConfigInput>, Partial<ConfigInput>])[] = [
    ['models that are allowed', { policies: { models: ['a'] } }, { policies: { models: ['a', 'b'] } }],
    ['all models instead of some', { policies: { models: ['a'] } }, {}],
    ['endpoints that are allowed', { policies: { endpoints: ['a'] } }, { policies: { endpoints: ['a', 'b'] } }],
    ['a ceiling of tokens', { policies: { maxTokens: 10 } }, { policies: { maxTokens: 11 } }],
    ['no ceiling of tokens', { policies: { maxTokens: 10 } }, {}],
    ['a body that may be larger', { policies: { body: '1MiB' } }, { policies: { body: '2MiB' } }],
    ['the user that is pinned', { policies: { pinUser: true } }, { policies: { pinUser: false } }],
    ['a rule less', { policies: { rules: [{ team: 'acme', maxTokens: 1 }] } }, {}],
    [
      'a rule that is wider',
      { policies: { rules: [{ team: 'acme', maxTokens: 1 }] } },
      { policies: { rules: [{ team: 'acme', maxTokens: 2 }] } },
    ],
    ['limits that go', { limits: { rules: [{ requests: 5 }] } }, {}],
    ['a limit less', { limits: { rules: [{ requests: 5 }, { tokens: 9 }] } }, { limits: { rules: [{ tokens: 9 }] } }],
    ['a higher limit', { limits: { rules: [{ per: 'day', requests: 5 }] } }, { limits: { rules: [{ per: 'day', requests: 6 }] } }],
    ['more streams', { limits: { rules: [{ streams: 1 }] } }, { limits: { rules: [{ streams: 2 }] } }],
    ['more tokens', { limits: { rules: [{ tokens: 5 }] } }, { limits: { rules: [{ tokens: 6 }] } }],
    [
      'calls that pass while the store is away',
      { limits: { onUnavailable: 'refuse', rules: [] } },
      { limits: { onUnavailable: 'allow', rules: [] } },
    ],
    [
      'a limit that allows where the store is away',
      { limits: { rules: [{ requests: 5, onUnavailable: 'refuse' }] } },
      { limits: { rules: [{ requests: 5, onUnavailable: 'allow' }] } },
    ],
    ['a binding more', {}, { bindings: [...usual.bindings, { user: 'ada', key: 'acme' }] }],
    ['objects that tenants share', {}, { keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, shared: true } } }],
    [
      'a header that is passed on',
      {},
      { gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1', passHeaders: ['x-mine'] } } },
    ],
    [
      'an endpoint that is opened',
      {},
      {
        gateways: {
          main: {
            dialect: 'openai',
            baseURL: 'http://127.0.0.1:9/v1',
            endpoints: { mine: { methods: ['POST'], format: 'plain', model: 'none' } },
          },
        },
      },
    ],
    ['callers without a credential', {}, callers({ anonymous: { team: 'acme', limit: 1 } })],
    ['more calls of theirs', callers({ anonymous: { team: 'acme', limit: 1 } }), callers({ anonymous: { team: 'acme', limit: 2 } })],
    [
      'who callers without a credential are',
      callers({ anonymous: { team: 'acme', limit: 1 } }),
      callers({ anonymous: { team: 'globex', limit: 1 } }),
    ],
    ['another minter', callers({ session: { jwks: 'https://id/a' } }), callers({ session: { jwks: 'https://id/b' } })],
    [
      'another backend that knows the cookies',
      callers({ forwardAuth: { url: 'http://127.0.0.1:9/a' } }),
      callers({ forwardAuth: { url: 'http://127.0.0.1:9/b' } }),
    ],
    [
      'sessions that are minted for longer',
      callers({ session: { secret: { env: 'SESSION' }, ttl: '1m' } }),
      callers({ session: { secret: { env: 'SESSION' }, ttl: '2m' } }),
    ],
    [
      'a service with a dot in its name',
      {},
      callers({ service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' }, 'ci.eu': { delegate: true } } } }),
    ],
    [
      'a new key whose objects are shared',
      {},
      { keys: { ...usual.keys, 'a.b': { gateway: 'main', secret: { env: 'KEY' }, shared: true } } },
    ],
    ['callers by their cookie', {}, callers({ forwardAuth: { url: 'http://127.0.0.1:9/me' } })],
    [
      'an identity provider',
      {},
      callers({ jwt: [{ issuer: 'https://id', audience: 'postern', jwks: 'https://id/keys', algorithms: ['RS256'] }] }),
    ],
    [
      'sessions that live longer',
      callers({ session: { secret: { env: 'SESSION' }, maxTtl: '1h' } }),
      callers({ session: { secret: { env: 'SESSION' }, maxTtl: '2h' } }),
    ],
    ['more sessions for a cookie', callers({ session: { secret: { env: 'SESSION' }, exchange: 'off' } }), {}],
    [
      'a service that may name others',
      {},
      callers({ service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme', delegate: true } } } }),
    ],
    ['proofs that may be older', callers({ dpop: { window: '10s' } }), callers({ dpop: { window: '20s' } })],
    ['a page of another origin', {}, { browser: { origins: ['https://app.example.com'] } }],
    ['what pages see of the record', { browser: { record: 'public' } }, {}],
    ['hosts that may be named', { listen: { hosts: ['a'] } }, { listen: { hosts: ['a', 'b'] } }],
    ['any host', { listen: { hosts: ['a'] } }, {}],
    ['a proxy that is believed', {}, { listen: { trustedProxies: ['10.0.0.1'] } }],
    ['failures that are allowed', { failedAuthentication: { limit: 1 } }, { failedAuthentication: { limit: 2 } }],
    ['the time in which they count', { failedAuthentication: { window: '2m' } }, { failedAuthentication: { window: '1m' } }],
    ['connections of one address', { connections: { perAddress: 1 } }, { connections: { perAddress: 2 } }],
    ['bodies that may be slower', { connections: { minRate: '2KiB/s' } }, { connections: { minRate: '1KiB/s' } }],
  ]

  /** Where any change may let something through that was refused. */
  const eitherWay = [
    'a rule that is wider',
    'a binding more',
    'who callers without a credential are',
    'another minter',
    'another backend that knows the cookies',
    'a service with a dot in its name',
  ]

  test.each(rows)('lets more through: %s', (_, narrow, wide) => {
    const [before, after] = [checked(narrow), checked(wide)]
    expect(changesBetween(before, after).some(({ laxer }) => laxer)).toBe(true)
  })

  test.each(rows.filter(([name]) => !eitherWay.includes(name)))('lets less through the other way: %s', (_, narrow, wide) => {
    const changes = changesBetween(checked(wide), checked(narrow))
    expect(changes.length).toBeGreaterThan(0)
    expect(changes.filter(({ laxer }) => laxer)).toEqual([])
  })

  test('of nothing is none, although everything was read anew', () => {
    expect(changesBetween(checked({}), checked({}))).toEqual([])
  })

  test('of a secret alone is told by its setting, without the secret', () => {
    const changes = changesBetween(checked({}), checked({}, { ...env, KEY: 'sk_another_key_of_it' }))
    expect(changes).toEqual([{ path: 'keys.acme.secret', what: 'changed', laxer: false }])
  })

  test('of the ring is told by label: who came lets more through, who went or got another credential does not', () => {
    const ring = (text: string) => checked({}, { ...env, RING: text })
    const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(64))
    expect(changesBetween(ring(`agent:${one},old:${two}`), ring(`agent:${three},new:${one}`))).toEqual([
      { path: 'callers.service.hashes.agent', what: 'changed', laxer: false },
      { path: 'callers.service.hashes.new', what: 'added', laxer: true },
      { path: 'callers.service.hashes.old', what: 'removed', laxer: false },
    ])
    const former = 'agent@2026-12-01T00:00:00Z'
    expect(changesBetween(ring(`agent:${one}`), ring(`agent:${two},${former}:${one}`))).toEqual([
      { path: 'callers.service.hashes.agent', what: 'changed', laxer: false },
      { path: `callers.service.hashes.${former}`, what: 'added', laxer: false },
    ])
    expect(changesBetween(ring(`agent:${two},${former}:${one}`), ring(`agent:${two}`))).toEqual([
      { path: `callers.service.hashes.${former}`, what: 'removed', laxer: false },
    ])
  })
})

describe('a change whose effect depends on other settings, on order or on what holds without it', () => {
  const mintoken = (policies: ConfigInput['policies']): Partial<ConfigInput> => ({
    gateways: { main: { dialect: 'mintoken', baseURL: 'http://127.0.0.1:9/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, providerSecret: { env: 'PROVIDER' } } },
    ...(policies === undefined ? {} : { policies }),
  })
  const gateway = (changes: object): Partial<ConfigInput> => ({
    gateways: { main: { dialect: 'openai', baseURL: 'http://127.0.0.1:9/v1', ...changes } },
  })
  const service = (principal: object): Partial<ConfigInput> =>
    callers({ service: { hashes: { env: 'RING' }, principals: { agent: principal } } })
  const cookies = (changes: object): Partial<ConfigInput> => callers({ forwardAuth: { url: 'http://127.0.0.1:9/me', ...changes } })
  const several = (changes: object): Partial<ConfigInput> => ({ replicas: 2, store: { redis: 'redis://127.0.0.1:9' }, ...cookies(changes) })
  const chosen = { team: 'acme', choices: { intensity: 'caller' } }
  const fixed = { user: 'ada', choices: { intensity: 'lite' } }
  const prices = { version: '1', prices: ['USD', 'TRY'].map((unit) => ({ model: '*', unit, perMillion: { input: 1, output: 1 } })) }
  const limited = (rule: NonNullable<NonNullable<ConfigInput['limits']>['rules']>[number]): Partial<ConfigInput> => ({
    limits: { rules: [rule], prices },
  })
  const plain = { methods: ['POST'], format: 'plain', model: 'body' } as const

  test.each<readonly [string, Partial<ConfigInput>, Partial<ConfigInput>]>([
    [
      'a rule more, which lets the caller choose',
      mintoken({ choices: { intensity: 'lite' } }),
      mintoken({ choices: { intensity: 'lite' }, rules: [chosen] }),
    ],
    ['rules in another order', mintoken({ rules: [chosen, fixed] }), mintoken({ rules: [fixed, chosen] })],
    ['a choice that is no longer made', mintoken({ choices: { intensity: 'lite' } }), mintoken(undefined)],
    ['a rule more, with a larger body than the usual one', {}, { policies: { rules: [{ team: 'acme', body: '20MiB' }] } }],
    [
      'the usual body, where a rule allows more',
      { policies: { body: '20MiB', rules: [{ team: 'acme', body: '30MiB' }] } },
      { policies: { rules: [{ team: 'acme', body: '30MiB' }] } },
    ],
    ['a service caller without its user', service({ user: 'ada', team: 'acme' }), service({ team: 'acme' })],
    ['a service caller without its team', service({ user: 'ada', team: 'acme' }), service({ user: 'ada' })],
    ['a service caller of whom nothing is said any more', {}, callers({ service: { hashes: { env: 'RING' }, principals: {} } })],
    ['the headers of an answer that say who calls', cookies({ answerHeaders: { user: 'x-user' } }), cookies({})],
    [
      'the header of an answer that names the team',
      cookies({ answerHeaders: { user: 'x-user', team: 'x-team' } }),
      cookies({ answerHeaders: { user: 'x-user' } }),
    ],
    ['a header that says who calls', cookies({}), cookies({ passHeaders: ['authorization'] })],
    ['answers that are kept where replicas do not tell each other', several({}), several({ cache: '1s' })],
    [
      'the team of callers without a credential',
      callers({ anonymous: { user: 'nobody', team: 'acme', limit: 1 } }),
      callers({ anonymous: { user: 'nobody', limit: 1 } }),
    ],
    ['another dialect', {}, gateway({ dialect: 'onysoft' })],
    [
      'a lower limit under another name, which counts anew',
      { limits: { rules: [{ name: 'a', requests: 5 }] } },
      { limits: { rules: [{ name: 'b', requests: 4 }] } },
    ],
    ['a limit that begins anew sooner', limited({ per: 'day', requests: 5 }), limited({ per: 'hour', requests: 5 })],
    ['a limit of fewer callers', limited({ requests: 5 }), limited({ requests: 5, team: 'acme' })],
    ['a limit that each counts apart', limited({ requests: 5 }), limited({ requests: 5, each: 'user' })],
    ['a limit of another unit', limited({ requests: 5 }), limited({ tokens: 5 })],
    ['money of another unit', limited({ spend: '5 USD' }), limited({ spend: '5 TRY' })],
    ['more money', limited({ spend: '5 USD' }), limited({ spend: '5.1 USD' })],
    ['streams that may end without their mark', gateway({ endMark: 'required' }), gateway({ endMark: 'optional' })],
    ['another address of the gateway', {}, gateway({ baseURL: 'http://127.0.0.2:9/v1' })],
    ['an endpoint that lay over one of the dialect', gateway({ endpoints: { 'audio/speech': plain } }), {}],
    [
      'an endpoint that lay over a wider one',
      gateway({ endpoints: { 'mine/{id}': plain, 'mine/one': { ...plain, model: 'none' } } }),
      gateway({ endpoints: { 'mine/{id}': plain } }),
    ],
    ['another name of the header that tells the backend who calls', backend('X-One'), backend('X-Two')],
  ])('is named as one that may let more through: %s', (_, before, after) => {
    const variables = { ...env, PROVIDER: 'sk_a_key_of_the_provider' }
    expect(changesBetween(checked(before, variables), checked(after, variables)).some(({ laxer }) => laxer)).toBe(true)
  })

  test.each<readonly [string, Partial<ConfigInput>, Partial<ConfigInput>]>([
    ['a rule more, which chooses nothing', {}, { policies: { rules: [{ team: 'acme', models: ['a'], body: '1MiB' }] } }],
    ['answers that are kept for the usual time of one process', cookies({}), cookies({ cache: '1s' })],
    ['a lower limit of money', limited({ spend: '5.1 USD' }), limited({ spend: '5 USD' })],
    ['the first limits', {}, { limits: { rules: [{ tokens: 5 }] } }],
    ['a caller who no longer chooses', mintoken({ choices: { intensity: 'caller' } }), mintoken({ choices: { intensity: 'lite' } })],
    [
      'a principal without a credential that goes',
      callers({ service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' }, gone: { team: 'acme' } } } }),
      {},
    ],
  ])('is not named where it is proven to narrow: %s', (_, before, after) => {
    const variables = { ...env, PROVIDER: 'sk_a_key_of_the_provider' }
    const changes = changesBetween(checked(before, variables), checked(after, variables))
    expect([changes.length > 0, changes.filter(({ laxer }) => laxer)]).toEqual([true, []])
  })

  test('of the proxy that leads to a gateway is named: keys and answers go another way', () => {
    const away = gateway({ baseURL: 'http://gateway.example/v1' })
    const [direct, proxied] = [checked(away), checked(away, { ...env, HTTP_PROXY: 'http://proxy.example:3128' })]
    expect(changesBetween(direct, proxied)).toEqual([{ path: 'HTTP_PROXY', what: 'added', laxer: true }])
    expect(changesBetween(proxied, direct)).toEqual([{ path: 'HTTP_PROXY', what: 'removed', laxer: true }])
  })

  test('of a gateway key that was the same as another one is named: what is stored under both is their one tenant’s now', () => {
    const twins: Partial<ConfigInput> = {
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } }, twin: { gateway: 'main', secret: { env: 'TWIN' } } },
      bindings: [
        { team: 'acme', key: 'acme' },
        { team: 'globex', key: 'twin' },
      ],
    }
    const [same, own] = [env.KEY, 'sk_a_key_of_its_own'].map((key) => checked(twins, { ...env, TWIN: key }))
    if (same === undefined || own === undefined) throw new Error('There are two configurations.')
    expect(changesBetween(same, own)).toEqual([{ path: 'keys.twin.secret', what: 'changed', laxer: true }])
    expect(changesBetween(own, same)).toEqual([{ path: 'keys.twin.secret', what: 'changed', laxer: false }])
  })
})

function backend(header: string): Partial<ConfigInput> {
  return { backend: { url: 'http://127.0.0.1:9', identity: { header } } }
}
