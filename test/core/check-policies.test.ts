import { hash } from 'node:crypto'
import { checkConfig, describeProblem } from '@postern/config'
import { describe, expect, test } from 'vitest'

const env = { KEY: 'jt_0123456789', RING: `agent:${hash('sha256', 'a caller')}` }

interface Changes {
  readonly bindings?: readonly object[]
  readonly policies?: object
  readonly gateway?: object
}

function check({ bindings = [{ team: 'acme' }], policies = {}, gateway = {} }: Changes) {
  return checkConfig(
    {
      version: 1,
      gateways: { main: { dialect: 'joytoken', ...gateway } },
      keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
      bindings: bindings.map((binding) => ({ ...binding, key: 'acme' })),
      callers: { service: { hashes: { env: 'RING' }, principals: { agent: { team: 'acme' } } } },
      policies,
    },
    { env, directory: '.' },
  )
}

/** What is said of policies and gateways, not of keys that have several tenants. */
function messagesOf(changes: Changes): string[] {
  const said = check(changes).problems.filter(({ path }) => /^(?:policies|gateways)/.test(path))
  return said.map((each) => describeProblem(each).trim())
}

describe('a rule of the policies', () => {
  const rule = (selector: object): Changes => ({ policies: { rules: [{ ...selector, models: ['small'] }] } })

  test.each<[what: string, changes: Changes, message: string]>([
    [
      'a team that is misspelt',
      rule({ team: 'acmee' }),
      'policies.rules[0].team: names "acmee", to which no binding leads, so this rule may hold for nobody. Did you mean "acme"?',
    ],
    [
      'a team that is misspelt where one binding names no team',
      { ...rule({ team: 'Acme' }), bindings: [{ team: 'acme' }, { user: 'ada' }] },
      'policies.rules[0].team: names "Acme", to which no binding leads, so this rule may hold for nobody. Did you mean "acme"?',
    ],
    [
      'a team that no binding names',
      { ...rule({ team: 'initech' }), bindings: [{ team: 'acme' }, { team: 'globex' }] },
      'policies.rules[0].team: names "initech", to which no binding leads, so this rule may hold for nobody. Bindings lead to "acme" or "globex".',
    ],
    [
      'a project that is misspelt',
      { ...rule({ project: 'webshopp' }), bindings: [{ team: 'acme', project: 'webshop' }] },
      'policies.rules[0].project: names "webshopp", to which no binding leads, so this rule may hold for nobody. Did you mean "webshop"?',
    ],
  ])('is warned of for %s, and the configuration can be used', (_, changes, message) => {
    expect(messagesOf(changes)).toEqual([message])
    expect(check(changes).checked).toBeDefined()
  })

  test.each<[what: string, changes: Changes]>([
    ['a team that a binding names', rule({ team: 'acme' })],
    ['a user, of whom no binding says anything', rule({ user: 'ada' })],
    ['a team beside bindings of users alone', { ...rule({ team: 'acmee' }), bindings: [{ user: 'ada' }] }],
    [
      'any team where a default binding leads everybody to a key',
      { ...rule({ team: 'acmee' }), bindings: [{ team: 'acme' }, { default: true }] },
    ],
    ['a team that differs by its number', { ...rule({ team: 'team2' }), bindings: [{ team: 'team1' }, { user: 'ada' }] }],
  ])('is not warned of for %s', (_, changes) => {
    expect(messagesOf(changes)).toEqual([])
  })

  test('is warned of where an earlier one is for the same callers', () => {
    const rules = [
      { team: 'acme', models: ['a'] },
      { team: 'acme', user: 'ada' },
      { team: 'acme', maxTokens: 5 },
      { body: '1KiB' },
      { pinUser: true },
    ]
    expect(messagesOf({ policies: { rules } })).toEqual([
      'policies.rules[2]: is for the same callers as policies.rules[0]; both hold, so a request must satisfy the two. Write one rule of them.',
      'policies.rules[4]: is for the same callers as policies.rules[3]; both hold, so a request must satisfy the two. Write one rule of them.',
    ])
  })
})

describe('two rules for one caller', () => {
  const nothing = (path: string, other: string, what: string) =>
    `${path}: has nothing in common with ${other}, and both hold: callers of the two may use no ${what} at all. Write in ${other} what this rule shall allow as well: a rule narrows what another leaves, and adds nothing.`

  test.each<[what: string, policies: object, message: string]>([
    [
      'models of everybody and others of a team',
      { models: ['gpt-4'], rules: [{ team: 'acme', models: ['claude-*'] }] },
      nothing('policies.rules[0].models', 'policies.models', 'model'),
    ],
    [
      'models of a team and others of one of its users',
      {
        rules: [
          { team: 'acme', user: 'ada', models: ['openai/*', 'auto'] },
          { team: 'acme', models: ['anthropic/*', 'claude'] },
        ],
      },
      nothing('policies.rules[1].models', 'policies.rules[0].models', 'model'),
    ],
    [
      'endpoints of everybody and others of a team',
      { endpoints: ['chat/*'], rules: [{ team: 'acme', endpoints: ['responses', 'images/*'] }] },
      nothing('policies.rules[0].endpoints', 'policies.endpoints', 'endpoint'),
    ],
  ])('are warned of where they leave nothing: %s', (_, policies, message) => {
    expect(messagesOf({ policies })).toEqual([message])
    expect(check({ policies }).checked).toBeDefined()
  })

  test.each<[what: string, policies: object]>([
    ['patterns that one name fits', { models: ['gpt-*'], rules: [{ team: 'acme', models: ['*-mini'] }] }],
    ['one name on both', { models: ['auto', 'gpt-4'], rules: [{ team: 'acme', models: ['gpt-4', 'claude-*'] }] }],
    ['everything', { models: ['*'], rules: [{ team: 'acme', models: ['claude-*'] }] }],
    ['models and endpoints', { models: ['gpt-4'], rules: [{ team: 'acme', endpoints: ['responses'] }] }],
    [
      'a team and a user who may be of another',
      {
        rules: [
          { team: 'acme', models: ['gpt-4'] },
          { user: 'ada', models: ['claude-*'] },
        ],
      },
    ],
  ])('are not warned of where something may be left: %s', (_, policies) => {
    expect(messagesOf({ policies })).toEqual([])
  })
})

describe('an endpoint that a policy names', () => {
  test.each<[name: string, stops: boolean, message: string]>([
    ['/v1/chat/completions', true, '"/v1/chat/completions" has a slash at its beginning. Write chat/completions.'],
    ['/v1/*', true, '"/v1/*" has a slash at its beginning. Write "*".'],
    ['/', true, '"/" has a slash at its beginning. Write "*".'],
    ['chat/', true, '"chat/" has a slash at its end. Write chat or chat/*.'],
    ['v1/responses', false, '"v1/responses" matches no endpoint of any gateway here. Write responses: names stand below /v1/.'],
    ['chat/completion', false, '"chat/completion" matches no endpoint of any gateway here. Did you mean chat/completions?'],
    [
      'Chat/*',
      false,
      '"Chat/*" matches no endpoint of any gateway here. There are chat/completions, responses, images/generations, models, models/meta and others.',
    ],
  ])('is told where it can match nothing: %s', (name, stops, message) => {
    const inRule = { policies: { rules: [{ team: 'acme', endpoints: ['responses', name] }] } }
    expect(messagesOf(inRule)).toEqual([`policies.rules[0].endpoints[1]: ${message}`])
    expect(check(inRule).checked === undefined).toBe(stops)
    expect(messagesOf({ policies: { endpoints: [name] } })).toEqual([`policies.endpoints[0]: ${message}`])
  })

  test.each([
    '*',
    'chat/completions',
    'chat/*',
    '*completions',
    'models*',
    'c*t/*s',
    'files/*',
    'files/abc',
    'files/*/content',
    '*/abc/content',
  ])('is taken where something fits: %s', (name) => {
    const dialect = name.includes('files') || name.includes('abc') ? { dialect: 'openai', baseURL: 'https://x.example/v1' } : {}
    expect(messagesOf({ policies: { endpoints: [name] }, gateway: dialect })).toEqual([])
  })

  test('is taken where the operator opens it', () => {
    const endpoints = { 'engines/{model}/run': { methods: ['POST'], format: 'plain', model: 'path' } }
    expect(messagesOf({ policies: { endpoints: ['engines/small/run'] }, gateway: { endpoints } })).toEqual([])
  })
})

describe('an endpoint that the operator opens', () => {
  const rerank = { methods: ['POST'], format: 'plain', model: 'body' }

  test('is refused where it says /v1 a second time', () => {
    expect(messagesOf({ gateway: { endpoints: { 'v1/rerank': rerank } } })).toEqual([
      'gateways.main.endpoints.v1/rerank: begins with v1/, which the base URL ends in already. Write rerank: names stand below /v1/.',
    ])
  })

  test('may begin with v1 where the base URL does not end in it', () => {
    const gateway = { dialect: 'openai', baseURL: 'https://x.example/api', endpoints: { 'v1/rerank': rerank } }
    expect(check({ gateway }).checked).toBeDefined()
  })
})
