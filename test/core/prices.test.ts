import { Session } from 'node:inspector'
import { compilePrices, type MostUsage, type PricedCall, type Prices, type Usage } from '@postern/core'
import { type PriceEntry, type PriceFile, readDecimal } from '@postern/ports'
import { describe, expect, test } from 'vitest'

/** A decimal as the file has it, in billionths. */
const of = (text: string): number => readDecimal(text) as number

function compile(prices: readonly PriceEntry[], further: Partial<PriceFile> = {}): Prices {
  return compilePrices({ version: '1', difference: 50_000, markups: {}, prices, ...further })
}

const call = (fields: Partial<PricedCall> = {}): PricedCall => ({ gateway: 'main', key: 'acme', model: 'gpt-4o', ...fields })
const gpt: PriceEntry = { model: 'gpt-4o', unit: 'USD', perMillion: { input: of('2.5'), output: of('10'), cached: of('1.25') } }
const most = (fields: Partial<MostUsage> = {}): MostUsage => ({ input: 0, output: 0, images: 0, seconds: 0, ...fields })

describe('what a call costs', () => {
  test('is its tokens at the prices of a million, and cached tokens have a price of their own', () => {
    const prices = compile([gpt])
    expect(prices.costOf(call(), 'USD', { input: 1000, output: 200 })).toBe(of('0.0045'))
    expect(prices.costOf(call(), 'USD', { input: 1000, output: 200, cached: 400 })).toBe(of('0.004'))
  })

  test('includes reasoning tokens at their own price, and counts all output at the dearer price where they are not told apart', () => {
    const prices = compile([{ ...gpt, perMillion: { input: 0, output: of('10'), reasoning: of('20') } }])
    expect(prices.costOf(call(), 'USD', { output: 1000, reasoning: 250 })).toBe(of('0.0125'))
    expect(prices.costOf(call(), 'USD', { output: 1000 })).toBe(of('0.02'))
  })

  test('is rounded up, once, to a billionth', () => {
    const prices = compile([{ ...gpt, perMillion: { input: 1, output: 1 } }])
    expect(prices.costOf(call(), 'USD', { input: 1, output: 0 })).toBe(1)
    expect(prices.costOf(call(), 'USD', { input: 999_999, output: 1 })).toBe(1)
    expect(prices.costOf(call(), 'USD', { input: 1_000_000, output: 1 })).toBe(2)
  })

  test('has no error of floating point where 0.1 and 0.2 add up', () => {
    const prices = compile([{ ...gpt, perMillion: { input: of('0.1'), output: of('0.2') } }])
    expect(prices.costOf(call(), 'USD', { input: 1_000_000, output: 1_000_000 })).toBe(of('0.3'))
  })

  test('is multiplied by the markup of the key, by that of every other key, or by nothing', () => {
    const markups = { main: { acme: of('1.5'), '*': of('1.3') } }
    const prices = compile([gpt], { markups })
    const usage: Usage = { input: 1_000_000, output: 0 }
    expect(prices.costOf(call(), 'USD', usage)).toBe(of('3.75'))
    expect(prices.costOf(call({ key: 'globex' }), 'USD', usage)).toBe(of('3.25'))
    expect(prices.costOf(call({ gateway: 'other' }), 'USD', usage)).toBe(of('2.5'))
  })

  test('is the price of the call where the entry has no other price, whatever was used', () => {
    const prices = compile([{ model: '*', unit: 'credits', perCall: of('3') }], { markups: { main: { acme: of('2') } } })
    expect(prices.costOf(call(), 'credits', {})).toBe(of('6'))
  })

  test('does not include the ceiling of a call that has other prices', () => {
    expect(compile([{ ...gpt, perCall: of('5') }]).costOf(call(), 'USD', { input: 0, output: 0 })).toBe(0)
  })

  test('is counted by images and by seconds, which may have decimals', () => {
    const prices = compile([
      { model: 'picture', unit: 'USD', perImage: of('0.04') },
      { model: 'voice', unit: 'USD', perSecond: of('0.0001') },
    ])
    expect(prices.costOf(call({ model: 'picture' }), 'USD', { images: 3 })).toBe(of('0.12'))
    expect(prices.costOf(call({ model: 'voice' }), 'USD', { seconds: 1.1 })).toBe(of('0.00011'))
    expect(prices.costOf(call({ model: 'voice' }), 'USD', { seconds: 12.34 })).toBe(of('0.001234'))
  })

  test('is the largest amount where it is more than billionths can say', () => {
    const prices = compile([{ ...gpt, perMillion: { input: Number.MAX_SAFE_INTEGER, output: 0 } }])
    expect(prices.costOf(call(), 'USD', { input: Number.MAX_SAFE_INTEGER })).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('a cost that is not known', () => {
  const prices = compile([gpt, { model: 'picture', unit: 'USD', perImage: of('0.04') }, { model: 'nothing', unit: 'USD' }])

  test.each<[what: string, call: PricedCall, unit: string, usage: Usage]>([
    ['of a model without an entry', call({ model: 'gpt-5' }), 'USD', { input: 1, output: 1 }],
    ['in a unit without an entry', call(), 'TRY', { input: 1, output: 1 }],
    ['of an answer without input', call(), 'USD', { output: 1 }],
    ['of an answer without output', call(), 'USD', { input: 1, cached: 1 }],
    ['of an answer without anything', call(), 'USD', {}],
    ['of a count that is none', call(), 'USD', { input: Number.NaN, output: 1 }],
    ['of a negative count', call(), 'USD', { input: -1, output: 1 }],
    ['of a count without end', call(), 'USD', { input: Infinity, output: 1 }],
    ['of images that were not counted', call({ model: 'picture' }), 'USD', { input: 1, output: 1 }],
    ['of an entry without a price', call({ model: 'nothing' }), 'USD', { input: 1, output: 1 }],
    ['without a file of prices', call(), 'credits', { input: 1, output: 1 }],
  ])('is unknown and not zero: %s', (_, asked, unit, usage) => {
    expect(prices.costOf(asked, unit, usage)).toBeUndefined()
  })

  test('is zero only where the file says that it costs nothing', () => {
    const free = compile([{ model: 'free', unit: 'USD', perMillion: { input: 0, output: 0 } }])
    expect(free.costOf(call({ model: 'free' }), 'USD', {})).toBe(0)
    expect(compile([]).costOf(call(), 'USD', { input: 1, output: 1 })).toBeUndefined()
    expect(compile([]).mostOf(call(), 'USD', most())).toBeUndefined()
  })

  test('is not bounded by an entry without a price', () => {
    expect(prices.mostOf(call({ model: 'nothing' }), 'USD', most())).toBeUndefined()
  })
})

describe('the entry that decides', () => {
  const perCall = (amount: number, selects: Partial<PriceEntry>): PriceEntry => ({ model: '*', unit: 'USD', perCall: amount, ...selects })
  const prices = compile([
    perCall(1, {}),
    perCall(2, { model: 'gpt-*' }),
    perCall(3, { model: 'gpt-4o' }),
    perCall(4, { model: 'gpt-*', tier: 'premium' }),
    perCall(5, { gateway: 'main', model: '*-mini' }),
    perCall(6, { gateway: 'main', model: 'gpt-4o-*' }),
    perCall(7, { model: 'gpt-4o', tier: 'premium' }),
  ])

  test.each<[call: Partial<PricedCall>, decides: number]>([
    [{ model: 'claude', tier: 'x' }, 1],
    [{ model: 'gpt-5', tier: 'x' }, 2],
    [{ model: 'gpt-5', tier: 'premium' }, 4],
    [{ model: 'gpt-4o', tier: 'x' }, 3],
    [{ model: 'gpt-4o', tier: 'premium' }, 7],
    [{ model: 'o1-mini', tier: 'x' }, 5],
    [{ model: 'gpt-4o-mini', tier: 'premium' }, 6],
    [{ gateway: 'other', model: 'o1-mini', tier: 'x' }, 1],
  ])('is that of the gateway, then of the model’s name, then of the longest pattern, then of the tier: %j', (fields, decides) => {
    expect(prices.costOf(call(fields), 'USD', {})).toBe(decides)
  })

  test('is the dearest of those that may apply where the tier is not known', () => {
    const cheap = compile([perCall(9, {}), perCall(3, { model: 'a', tier: 'economy' }), perCall(5, { model: 'a', tier: 'premium' })])
    expect(cheap.costOf(call({ model: 'a' }), 'USD', {})).toBe(9)
    const named = compile([perCall(9, {}), perCall(3, { model: 'a', tier: 'economy' }), perCall(5, { model: 'a' })])
    expect(named.costOf(call({ model: 'a' }), 'USD', {})).toBe(5)
    expect(named.costOf(call({ model: 'a', tier: 'economy' }), 'USD', {})).toBe(3)
  })
})

describe('the most that a call can cost', () => {
  test('takes of each price the dearest of the tiers that may run it', () => {
    const prices = compile([
      { ...gpt, tier: 'economy', perMillion: { input: of('1'), output: of('20') } },
      { ...gpt, tier: 'premium', perMillion: { input: of('5'), output: of('10') } },
    ])
    const asked = most({ input: 1_000_000, output: 1_000_000 })
    expect(prices.mostOf(call(), 'USD', asked)).toBe(of('25'))
    expect(prices.mostOf(call({ tier: 'economy' }), 'USD', asked)).toBe(of('21'))
    expect(prices.mostOf(call({ tier: 'unheard-of' }), 'USD', asked)).toBeUndefined()
  })

  test('takes input at the cache’s price where that is dearer, since nobody knows before what is read from it', () => {
    const prices = compile([{ ...gpt, perMillion: { input: of('1'), output: 0, cached: of('3') } }])
    expect(prices.mostOf(call(), 'USD', most({ input: 1_000_000 }))).toBe(of('3'))
  })

  test('is the dearest of all models of the gateway where no model is named', () => {
    const prices = compile([
      gpt,
      { ...gpt, model: 'small', perMillion: { input: of('0.1'), output: of('0.2') } },
      { ...gpt, gateway: 'other', model: 'huge', perMillion: { input: of('100'), output: of('100') } },
      { model: 'picture', unit: 'USD', perCall: of('2') },
    ])
    const asked = most({ input: 100_000, output: 100_000 })
    expect(prices.mostOf(call({ model: undefined }), 'USD', asked)).toBe(of('2'))
    expect(prices.mostOf(call({ model: undefined }), 'USD', most({ input: 1_000_000, output: 1_000_000 }))).toBe(of('12.5'))
    expect(prices.mostOf(call({ model: undefined, gateway: 'other' }), 'USD', asked)).toBe(of('20'))
  })

  test('leaves out what an entry of the gateway for all models hides', () => {
    const prices = compile([
      { gateway: 'main', model: '*', unit: 'USD', perCall: of('1') },
      { ...gpt, perCall: of('50') },
    ])
    expect(prices.mostOf(call({ model: undefined }), 'USD', undefined)).toBe(of('1'))
  })

  test('is perCall where usage cannot be bounded, and unknown where an entry that may apply has none', () => {
    const prices = compile(
      [
        { ...gpt, perCall: of('4') },
        { ...gpt, model: 'other' },
      ],
      { markups: { main: { '*': of('1.5') } } },
    )
    expect(prices.mostOf(call(), 'USD', undefined)).toBe(of('6'))
    expect(prices.mostOf(call({ model: 'other' }), 'USD', undefined)).toBeUndefined()
    expect(prices.mostOf(call({ model: undefined }), 'USD', undefined)).toBeUndefined()
  })

  test('is unknown where the most that it can use has no end', () => {
    expect(compile([gpt]).mostOf(call(), 'USD', most({ output: Infinity }))).toBeUndefined()
  })
})

describe('how much output still fits', () => {
  test('is what the amount leaves beside the rest, and one token more costs too much', () => {
    const prices = compile([gpt], { markups: { main: { acme: of('1.3') } } })
    const within = prices.outputWithin(call(), 'USD', most({ input: 1000 }), of('0.01')) as number
    expect(prices.mostOf(call(), 'USD', most({ input: 1000, output: within }))).toBeLessThanOrEqual(of('0.01'))
    expect(prices.mostOf(call(), 'USD', most({ input: 1000, output: within + 1 }))).toBeGreaterThan(of('0.01'))
  })

  test('is nothing where the rest alone does not fit, without bound where output is free, and unknown where it has no price', () => {
    expect(compile([gpt]).outputWithin(call(), 'USD', most({ input: 1_000_000 }), 1)).toBe(0)
    const free = compile([{ ...gpt, perMillion: { input: 1, output: 0 } }])
    expect(free.outputWithin(call(), 'USD', most(), 0)).toBe(Number.MAX_SAFE_INTEGER)
    const perCall = compile([{ model: '*', unit: 'USD', perCall: 5 }])
    expect(perCall.outputWithin(call(), 'USD', most(), 10)).toBeUndefined()
    expect(compile([gpt]).outputWithin(call(), 'TRY', most(), 10)).toBeUndefined()
  })
})

describe('what the file says beside prices', () => {
  const prices = compile([
    { ...gpt, tier: 'economy', maxOutput: 1000, ceilings: { image: 100, file: 7 } },
    { ...gpt, tier: 'premium', maxOutput: 4000 },
    { ...gpt, unit: 'TRY', ceilings: { image: 200 } },
    { ...gpt, model: 'small', maxOutput: 10 },
    { ...gpt, model: '*', unit: 'EUR', maxOutput: 99_999 },
  ])

  test('is the largest that is said of the model, in whichever unit or tier it is said', () => {
    expect(prices.maxOutputOf(call())).toBe(4000)
    expect(prices.maxOutputOf(call({ tier: 'economy' }))).toBe(1000)
    expect(prices.ceilingOf(call(), 'image')).toBe(200)
    expect(prices.ceilingOf(call(), 'file')).toBe(7)
  })

  test('is unknown where it is not said, and is not taken from an entry for other models', () => {
    expect(prices.ceilingOf(call(), 'audio')).toBeUndefined()
    expect(compile([gpt, { ...gpt, model: '*', maxOutput: 5 }]).maxOutputOf(call())).toBeUndefined()
  })

  test('holds for a call without a model only if it is said of every model', () => {
    expect(prices.maxOutputOf(call({ model: undefined }))).toBe(99_999)
    expect(prices.ceilingOf(call({ model: undefined }), 'image')).toBeUndefined()
  })

  test('has the units in which calls of a gateway have a price', () => {
    const some = compile([gpt, { ...gpt, gateway: 'other', unit: 'TRY' }])
    expect([...some.unitsOf('main')]).toEqual(['USD'])
    expect([...some.unitsOf('other')]).toEqual(['USD', 'TRY'])
    expect([...compile([]).unitsOf('main')]).toEqual([])
  })
})

describe('what a gateway reports', () => {
  const prices = compile([{ ...gpt, perMillion: { input: of('1'), output: of('1') } }])
  const usage: Usage = { input: 1_000_000, output: 0 }

  test('is told with what was expected where it differs by more than the share', () => {
    expect(prices.differenceOf(call(), 'USD', usage, of('2'))).toEqual({ expected: of('1'), share: 0.5 })
    expect(prices.differenceOf(call(), 'USD', usage, of('0.5'))).toEqual({ expected: of('1'), share: 0.5 })
    expect(prices.differenceOf(call(), 'USD', usage, 0)).toEqual({ expected: of('1'), share: 1 })
  })

  test('is equal within the share, whose bound is exact', () => {
    expect(prices.differenceOf(call(), 'USD', usage, of('0.95'))).toBeUndefined()
    expect(prices.differenceOf(call(), 'USD', usage, of('0.949999999'))).toBeDefined()
    expect(prices.differenceOf(call(), 'USD', usage, of('1'))).toBeUndefined()
  })

  test('is not compared where nothing is expected, nor where it is below what may only be the dearest price', () => {
    expect(prices.differenceOf(call({ model: 'other' }), 'USD', usage, of('2'))).toBeUndefined()
    const cached = compile([gpt])
    expect(cached.differenceOf(call(), 'USD', usage, of('1.25'))).toBeUndefined()
    expect(cached.differenceOf(call(), 'USD', { ...usage, cached: 0 }, of('1.25'))).toMatchObject({ expected: of('2.5') })
    const tiers = compile([
      { ...gpt, tier: 'a' },
      { ...gpt, tier: 'b' },
    ])
    expect(tiers.differenceOf(call(), 'USD', { ...usage, cached: 0 }, of('1'))).toBeUndefined()
    expect(tiers.differenceOf(call(), 'USD', { ...usage, cached: 0 }, of('9'))).toBeDefined()
  })
})

describe('the work for a call', () => {
  const session = new Session()

  /** How often functions and blocks of Postern's own packages run, as V8 counts it. */
  function workOf(action: () => void): number {
    const count = (): number => {
      let work = 0
      session.post('Profiler.takePreciseCoverage', (_, { result }) => {
        for (const { url, functions } of result)
          if (/\/packages\/(?:core|ports|protocol)\/(?:src|dist)\//.test(url))
            for (const { ranges } of functions) for (const range of ranges) work += range.count
      })
      return work
    }
    count()
    action()
    return count()
  }

  test('is the same with ten entries as with twenty thousand, patterns among them', () => {
    session.connect()
    session.post('Profiler.enable')
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    const works = [10, 20_000].map((count) => {
      const entries = Array.from({ length: count }, (_, index): PriceEntry => {
        return { ...gpt, gateway: index % 3 === 0 ? 'main' : undefined, model: `m-${index}${index % 2 === 0 ? '' : '-*'}` }
      })
      const prices = compile([...entries, { ...gpt, model: '*' }])
      const askAll = (): void => {
        for (const model of ['m-3', 'm-5-x', 'unheard-of', undefined]) {
          const asked = call({ model })
          prices.costOf(asked, 'USD', { input: 10, output: 10 })
          prices.mostOf(asked, 'USD', most({ input: 10, output: 10 }))
          prices.maxOutputOf(asked)
        }
      }
      // What is reckoned once for calls without a model is reckoned by the first of them.
      askAll()
      return workOf(askAll)
    })
    session.disconnect()
    expect(works[0]).toBeGreaterThan(50)
    // Names of more lengths may begin a pattern.
    expect(works[1]).toBeLessThan((works[0] as number) * 2)
  })
})
