import { checkConfig, type ConfigInput } from '@postern/config'
import { describe, expect, test } from 'vitest'

type Rule = Record<string, unknown>

function problemsOf(
  rules: readonly Rule[],
  further: Partial<ConfigInput> = {},
): readonly (readonly [severity: string, path: string, reason: string])[] {
  const config = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    limits: { rules },
    ...further,
  }
  const env = { KEY: 'sk-0123456789abcdef0123', SESSION: 'a session secret of more than 32 characters' }
  return checkConfig(config, { env, directory: process.cwd() }).problems.map(({ severity, path, reason }) => [severity, path, reason])
}

describe('the limits of a configuration', () => {
  test('are taken as they are documented', () => {
    expect(
      problemsOf([
        { name: 'fair-use', each: 'user', per: 'minute', requests: 60 },
        { each: 'session', requests: 200 },
        { each: 'workflow', requests: 20, onUnavailable: 'allow' },
        { each: 'team', streams: 50 },
        { each: 'user', streams: 10 },
        { key: 'acme', gateway: 'main', model: 'gpt-*', per: 'month', requests: 1_000_000 },
        { per: 'minute', requests: 5000 },
        { team: 'acme', requests: 10, streams: 2, name: 'both' },
      ]),
    ).toEqual([])
  })

  test.each<readonly [what: string, rules: readonly Rule[], path: string, reason: RegExp]>([
    ['without an amount', [{ each: 'user', per: 'day' }], 'limits.rules[0]', /limits nothing/],
    ['of streams in a time', [{ streams: 2, per: 'day' }], 'limits.rules[0].per', /counted while they are open/],
    ['of a gateway that there is not', [{ gateway: 'other', requests: 1 }], 'limits.rules[0].gateway', /not under gateways/],
    ['of a key that there is not', [{ key: 'globex', requests: 1 }], 'limits.rules[0].key', /not under keys/],
    ['that counts what another counts', [{ requests: 1 }, { requests: 2 }], 'limits.rules[1]', /counts the same as limits.rules\[0\]/],
    [
      'of the name of another',
      [
        { name: 'a', requests: 1 },
        { name: 'a', each: 'user', requests: 2 },
      ],
      'limits.rules[1]',
      /counts the same/,
    ],
    ['of nothing at all', [{ requests: 0 }], 'limits.rules[0].requests', /./],
    ['in a time that there is not', [{ requests: 1, per: 'week' }], 'limits.rules[0].per', /./],
    ['of what is not limited yet', [{ spend: '5 USD' }], 'limits.rules[0].spend', /./],
  ])('refuse a rule %s', (_, rules, path, reason) => {
    expect(problemsOf(rules)).toContainEqual(['error', path, expect.stringMatching(reason)])
  })

  test('warn of tokens, money or streams for many that one caller could hold, unless each user has a limit too', () => {
    const holds = (path: string) => ['warning', path, expect.stringContaining('can be held by one caller')]
    expect(problemsOf([{ each: 'team', per: 'day', tokens: 1000 }])).toEqual([holds('limits.rules[0].tokens')])
    expect(problemsOf([{ tokens: 1000 }, { each: 'workflow', tokens: 10 }, { user: 'ada', tokens: 10 }])).toEqual([
      holds('limits.rules[0].tokens'),
    ])
    expect(
      problemsOf([
        { each: 'team', tokens: 1000 },
        { each: 'user', per: 'hour', tokens: 100 },
      ]),
    ).toEqual([])
    expect(problemsOf([{ each: 'user', tokens: 1000 }])).toEqual([])
    expect(problemsOf([{ each: 'team', streams: 50 }])).toEqual([holds('limits.rules[0].streams')])
  })

  test('refuse money where a gateway has no price in its unit', () => {
    const spend = [{ each: 'user' as const, spend: '5 USD' }]
    const prices = (unit: string) => ({ version: '1', prices: [{ model: '*', unit, perMillion: { input: 1, output: 1 } }] })
    expect(problemsOf(spend)).toEqual([['error', 'limits.rules[0].spend', expect.stringContaining('no price in that unit')]])
    expect(problemsOf(spend, { limits: { rules: spend, prices: prices('EUR') } })).toHaveLength(1)
    expect(problemsOf(spend, { limits: { rules: spend, prices: prices('USD') } })).toEqual([])
  })

  test.each(['5', 'USD', '0 USD', '-1 USD', '5 usd', '5 XYZ', 5, '1.0000000001 USD', '10000000 USD'])(
    'refuse %j as an amount of money',
    (spend) => {
      expect(problemsOf([{ each: 'user', spend }])).toEqual([
        ['error', 'limits.rules[0].spend', expect.stringContaining('not an amount above 0')],
      ])
    },
  )

  test('warn of a rule for whom no binding leads to a key, and refuse to count sessions where there are none', () => {
    expect(problemsOf([{ team: 'globex', requests: 1 }])).toEqual([
      ['warning', 'limits.rules[0].team', expect.stringContaining('no binding leads')],
    ])
    const service = { hashes: { env: 'RING' }, principals: { a: { team: 'acme' } } }
    const found = problemsOf([{ each: 'session', requests: 1 }], { callers: { service } })
    expect(found).toContainEqual(['error', 'limits.rules[0].each', expect.stringContaining('there are none')])
  })
})

describe('beside a key ring, which may have any key and bind any caller, the limits of a configuration', () => {
  const withRing = (config: Partial<ConfigInput>): readonly unknown[] => {
    const ring = { store: { sqlite: './postern.db' }, keyRing: { masterKeys: [{ id: 'k1', secret: { env: 'SESSION' } }] } }
    return problemsOf([{ key: 'globex', team: 'globex', requests: 5 }], { ...ring, ...config }).filter(
      ([, path]) => path.startsWith('limits') || path.startsWith('policies'),
    )
  }

  test('may name a key and a team of the ring', () => {
    expect(withRing({})).toEqual([])
  })

  test('and policies may too, but a name that is nearly one of a binding is told as before', () => {
    const policies = (team: string) => ({ policies: { rules: [{ team, maxTokens: 5 }] } })
    expect(withRing(policies('globex'))).toEqual([])
    expect(withRing(policies('acmee'))).toEqual([
      ['warning', 'policies.rules[0].team', expect.stringContaining('to which no binding leads')],
    ])
  })
})
