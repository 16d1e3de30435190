import { checkConfig, type Config, findUnpricedSpend, type PriceSource } from '@postern/config'
import { type PriceFile, readDecimal } from '@postern/ports'
import { describe, expect, test } from 'vitest'

const entry = { model: 'gpt-4o', unit: 'USD', perMillion: { input: 2.5, output: '10' } }

function check(prices: unknown, source?: PriceSource, further: object = {}) {
  const config = {
    version: 1,
    gateways: { main: { dialect: 'openai', baseURL: 'https://gateway.example.com/v1' } },
    keys: { acme: { gateway: 'main', secret: { env: 'KEY' } } },
    bindings: [{ team: 'acme', key: 'acme' }],
    callers: { session: { secret: { env: 'SESSION' } } },
    limits: { prices },
    ...further,
  }
  const env = { KEY: 'sk-0123456789abcdef0123', SESSION: 'a session secret of more than 32 characters' }
  const readPrices = source === undefined ? {} : { readPrices: () => source }
  const { checked, problems } = checkConfig(config, { env, directory: process.cwd(), ...readPrices })
  return { prices: checked?.prices, problems: problems.map(({ path, reason, fix }) => [path, reason, fix] as const), checked }
}

const inFile = (raw: unknown): PriceSource => ({ raw, problems: [] })

describe('the prices of a configuration', () => {
  test('are read exactly, from numbers and from texts', () => {
    const { prices, problems } = check({
      version: '2026-11',
      difference: '2.5 %',
      markups: { main: { acme: 1.5, '*': '1.000000001' } },
      prices: [
        {
          ...entry,
          perMillion: { input: 0.1, output: '0.000000001', cached: 0, reasoning: 1e-7 },
          maxOutput: 16_384,
          ceilings: { image: 1200 },
        },
        { gateway: 'main', model: 'voice-*', tier: 'premium', unit: 'TL', perSecond: 8_388_607.123456789, perCall: '9007199.254740991' },
      ],
    })
    expect(problems).toEqual([])
    expect(prices).toEqual({
      version: '2026-11',
      difference: 25_000,
      markups: { main: { acme: 1_500_000_000, '*': 1_000_000_001 } },
      prices: [
        {
          model: 'gpt-4o',
          unit: 'USD',
          perMillion: { input: 100_000_000, output: 1, cached: 0, reasoning: 100 },
          maxOutput: 16_384,
          ceilings: { image: 1200 },
        },
        {
          gateway: 'main',
          model: 'voice-*',
          tier: 'premium',
          unit: 'TRY',
          perSecond: readDecimal('8388607.123456789'),
          perCall: Number.MAX_SAFE_INTEGER,
        },
      ],
    } satisfies PriceFile)
  })

  test('are the same from a file as from the configuration itself', () => {
    const written = { version: '1', prices: [entry] }
    expect(check('./prices.yaml', inFile(written)).prices).toEqual(check(written).prices)
  })

  test('are none where none are written', () => {
    expect(check(undefined)).toMatchObject({ prices: undefined, problems: [] })
  })

  test.each<[what: string, prices: unknown, path: string, reason: RegExp]>([
    ['without a version', { prices: [entry] }, 'version', /is missing/],
    ['of a version that is a number', { version: 2, prices: [entry] }, 'version', /is a number/],
    ['without entries', { version: '1', prices: [] }, 'prices', /is an empty list/],
    ['with a member that is not known', { version: '1', prices: [{ ...entry, perMilion: 1 }] }, 'prices[0].perMilion', /is not a setting/],
    ['of no model', { version: '1', prices: [{ unit: 'USD', perCall: 1 }] }, 'prices[0].model', /is missing/],
    ['of no unit', { version: '1', prices: [{ model: 'a', perCall: 1 }] }, 'prices[0].unit', /is missing/],
    [
      'of a unit that there is not',
      { version: '1', prices: [{ ...entry, unit: 'UDS' }] },
      'prices[0].unit',
      /neither credits nor a currency/,
    ],
    ['that are negative', { version: '1', prices: [{ ...entry, perCall: -1 }] }, 'prices[0].perCall', /not a decimal/],
    ['with ten decimals', { version: '1', prices: [{ ...entry, perCall: '0.1234567891' }] }, 'prices[0].perCall', /nine decimals/],
    [
      'with ten decimals in a number',
      { version: '1', prices: [{ ...entry, perCall: 0.1234567891 }] },
      'prices[0].perCall',
      /nine decimals/,
    ],
    [
      'that a number cannot hold',
      { version: '1', prices: [{ ...entry, perCall: 9_000_000.123456789 }] },
      'prices[0].perCall',
      /in quotes|may not be/,
    ],
    ['above the largest', { version: '1', prices: [{ ...entry, perCall: '9007199.254740992' }] }, 'prices[0].perCall', /not a decimal/],
    ['in words', { version: '1', prices: [{ ...entry, perCall: '1e3' }] }, 'prices[0].perCall', /not a decimal/],
    ['of input alone', { version: '1', prices: [{ ...entry, perMillion: { input: 1 } }] }, 'prices[0].perMillion.output', /is missing/],
    ['that give no price', { version: '1', prices: [{ model: 'a', unit: 'USD', maxOutput: 1 }] }, 'prices[0]', /has no price/],
    ['for the same calls', { version: '1', prices: [entry, { ...entry, perCall: 1 }] }, 'prices[1]', /same calls as prices\[0\]/],
    [
      'for the same calls in TL and TRY',
      { version: '1', prices: ['TL', 'TRY'].map((unit) => ({ ...entry, unit })) },
      'prices[1]',
      /same calls/,
    ],
    ['with a markup of nothing', { version: '1', markups: { main: { acme: 0 } }, prices: [entry] }, 'markups.main.acme', /is nothing/],
    ['with a difference that is no share', { version: '1', difference: 0.05, prices: [entry] }, 'difference', /is not a share/],
    ['with a difference above all', { version: '1', difference: '101%', prices: [entry] }, 'difference', /at most 100%/],
  ])('are refused %s, with the path and what to write instead', (_, prices, path, reason) => {
    const inline = check(prices)
    expect(inline.problems).toContainEqual([`limits.prices.${path}`, expect.stringMatching(reason), expect.any(String)])
    expect(inline.checked).toBeUndefined()
    const file = check('./prices.yaml', { ...inFile(prices), lineOf: () => 7 })
    expect(file.problems).toContainEqual([`./prices.yaml line 7: ${path}`, expect.stringMatching(reason), expect.any(String)])
    expect(file.checked).toBeUndefined()
  })

  test('are refused as a path where nobody reads files, such as in Express', () => {
    expect(check('./prices.yaml').problems).toEqual([
      ['limits.prices', 'is a path, and here no file is read beside those of secrets.', expect.stringContaining('package yaml')],
    ])
  })

  test('are refused with what the reader of the file found', () => {
    const source: PriceSource = { raw: undefined, problems: [{ path: 'line 3', reason: 'is odd.', fix: 'Mend it.', severity: 'error' }] }
    expect(check('./prices.yaml', source).problems).toEqual([['./prices.yaml line 3', 'is odd.', 'Mend it.']])
  })

  test('are checked also where another part of the configuration has a fault', () => {
    const { problems } = check('./prices.yaml', inFile({ version: '1', prices: [] }), { nonsense: 1 })
    expect(problems.map(([path]) => path).toSorted()).toEqual(['./prices.yaml: prices', 'nonsense'])
  })

  test('never stand in messages, since a key may have been pasted there', () => {
    const pasted = 'sk-proj-a-key-that-was-pasted-0123456789'
    const { problems } = check({
      version: '1',
      prices: [
        { ...entry, unit: pasted, perCall: pasted },
        { ...entry, model: pasted },
        { ...entry, model: pasted },
      ],
    })
    expect(problems.length).toBeGreaterThan(1)
    expect(JSON.stringify(problems)).not.toContain(pasted)
  })
})

describe('a rule of money that can reach a gateway without a price in its unit', () => {
  const gateway = { dialect: 'openai' } as unknown as Config['gateways'][string]
  const gateways = { joy: gateway, ony: gateway, idle: gateway }
  const key = (name: string, currency?: string) => ({ gateway: name, secret: { env: 'KEY' }, shared: false, currency })
  const keys = { one: key('joy'), two: key('ony', 'TRY') }
  const bindings = [
    { team: 'acme', key: 'one' },
    { team: 'globex', key: 'two' },
  ]
  const file = (...entries: readonly (readonly [gateway: string | undefined, unit: string])[]): PriceFile => ({
    version: '1',
    difference: 0,
    markups: {},
    prices: entries.map(([name, unit]) => ({ gateway: name, model: '*', unit, perCall: 1 })),
  })
  const path = 'limits.rules[0]'
  const both = file(['joy', 'credits'], ['ony', 'TRY'])

  test.each<[what: string, rule: object, prices: PriceFile | undefined, unpriced: RegExp | undefined]>([
    ['any call, and one gateway has another unit', { unit: 'credits' }, both, /the gateway "ony" has no price/],
    ['any call, and there are no prices', { unit: 'credits' }, undefined, /"joy", "ony"/],
    ['any call, and an entry is for every gateway', { unit: 'USD' }, file([undefined, 'USD']), undefined],
    ['calls of the gateway that has it', { unit: 'credits', gateway: 'joy' }, both, undefined],
    ['calls of the other gateway', { unit: 'credits', gateway: 'ony' }, both, /"ony"/],
    ['calls of a key of it', { unit: 'TRY', key: 'two' }, both, undefined],
    ['calls of a key of the other', { unit: 'TRY', key: 'one' }, both, /"joy"/],
    ['a team that is bound to it', { unit: 'credits', team: 'acme' }, both, undefined],
    ['a team that is bound to the other', { unit: 'credits', team: 'globex' }, both, /"ony"/],
    ['a user of any team', { unit: 'credits', user: 'ada' }, both, /"ony"/],
    ['a gateway that reports in the unit of the key, without prices', { unit: 'TRY', key: 'two' }, file(['joy', 'TRY']), /"ony"/],
  ])('is a problem where it is for %s: %j', (_, rule, prices, unpriced) => {
    const found = findUnpricedSpend([{ path, unit: 'USD', ...rule }], gateways, keys, prices, bindings)
    const expected = unpriced === undefined ? [] : [{ path: `${path}.spend`, severity: 'error', reason: expect.stringMatching(unpriced) }]
    expect(found).toMatchObject(expected)
    expect(found).toHaveLength(expected.length)
  })

  test('looks at every key where bindings are left out', () => {
    expect(findUnpricedSpend([{ path, unit: 'credits', team: 'acme' }], gateways, keys, both)).toHaveLength(1)
  })
})

describe('the currency of a key', () => {
  const withCurrency = (currency: unknown) =>
    check(undefined, undefined, { keys: { acme: { gateway: 'main', secret: { env: 'KEY' }, currency } } })

  test('is a currency or credits, and TL is TRY', () => {
    expect(withCurrency('TL').checked?.config.keys['acme']?.currency).toBe('TRY')
    expect(withCurrency('credits').checked?.config.keys['acme']?.currency).toBe('credits')
  })

  test('is refused where it is none, with what was meant', () => {
    expect(withCurrency('usd').problems).toEqual([['keys.acme.currency', expect.stringContaining('neither credits nor'), 'Write USD.']])
    expect(withCurrency(1).problems).toMatchObject([['keys.acme.currency', expect.any(String), expect.any(String)]])
  })
})
