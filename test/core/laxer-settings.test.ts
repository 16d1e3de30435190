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
  })
})
