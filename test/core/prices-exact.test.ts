import { compilePrices, type MostUsage, type PricedCall, type Usage } from '@postern/core'
import { type PriceEntry, type PriceFile, readAmount, readDecimal, toBillionths, writeAmount } from '@postern/ports'
import { describe, expect, test } from 'vitest'

/** Told in the titles, so that a failure can be played again: write it here. */
const seed = Math.floor(Math.random() * 2 ** 31)

type Random = (below: number) => number

/** Numbers from a seed: xorshift of 32 bits. */
function randomFrom(start: number): Random {
  let state = start | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function oneOf<Item>(random: Random, items: readonly Item[]): Item {
  return items[random(items.length)] as Item
}

/** Small, usual and huge ones, many of them at a bound. */
function anyNumber(random: Random): number {
  const size = 2 ** random(54)
  return Math.min(Number.MAX_SAFE_INTEGER, oneOf(random, [0, 1, size, size - 1, size + 1, Math.floor((random(2 ** 30) / 2 ** 30) * size)]))
}

const gateways = ['main', 'other']
const models = ['gpt-4o', 'gpt-4o-mini', 'gpt-5', 'claude', 'other']
const patterns = ['*', 'gpt-*', '*-mini', 'gpt-4o*', 'g*o']
const tiers = ['economy', 'premium']
const units = ['USD', 'TRY']
const keys = ['acme', 'globex']

function anyEntry(random: Random): PriceEntry {
  const price = (): number => anyNumber(random)
  const maybe = <Value>(make: () => Value): Value | undefined => (random(2) === 0 ? make() : undefined)
  return {
    gateway: maybe(() => oneOf(random, gateways)),
    model: random(2) === 0 ? oneOf(random, patterns) : oneOf(random, models.slice(0, 4)),
    tier: maybe(() => oneOf(random, tiers)),
    unit: oneOf(random, units),
    perMillion: maybe(() => ({ input: price(), output: price(), cached: maybe(price), reasoning: maybe(price) })),
    perCall: maybe(price),
    perImage: random(4) === 0 ? price() : undefined,
    perSecond: random(4) === 0 ? price() : undefined,
  }
}

function anyFile(random: Random): PriceFile {
  const entries = Array.from({ length: 1 + random(12) }, () => anyEntry(random))
  const markup = (): number => Math.max(1, oneOf(random, [1_500_000_000, 1_300_000_000, 1_000_000_001, 999_999_999, anyNumber(random)]))
  const markups = Object.fromEntries(
    gateways.map((name) => [name, Object.fromEntries([...keys, '*'].filter(() => random(2) === 0).map((key) => [key, markup()]))]),
  )
  const known = new Set<string>()
  const prices = entries.filter(({ gateway, model, tier, unit }) => {
    const id = JSON.stringify([gateway, model, tier, unit])
    return !known.has(id) && known.add(id)
  })
  return { version: '1', difference: 50_000, markups, prices }
}

/** Whether a name fits a pattern, told the slow way. */
function fits(pattern: string, name: string): boolean {
  if (pattern === '') return name === ''
  if (pattern[0] === '*') return fits(pattern.slice(1), name) || (name !== '' && fits(pattern, name.slice(1)))
  return name[0] === pattern[0] && name !== '' && fits(pattern.slice(1), name.slice(1))
}

/** The entry that decides where model and tier are known, told as docs/prices.md tells it. */
function decidingEntry(file: PriceFile, call: PricedCall, unit: string, tier: string | undefined): PriceEntry | undefined {
  const weigh = ({ gateway, model, tier: named }: PriceEntry, place: number): number[] => [
    gateway === undefined ? 0 : 1,
    model.includes('*') ? 0 : 1,
    model.includes('*') ? model.split('*').join('').length : 0,
    named === undefined ? 0 : 1,
    -place,
  ]
  return file.prices
    .map((entry, place) => ({ entry, weights: weigh(entry, place) }))
    .filter(({ entry }) => entry.unit === unit && (entry.gateway ?? call.gateway) === call.gateway && (entry.tier ?? tier) === tier)
    .filter(({ entry }) => fits(entry.model, call.model as string))
    .toSorted((one, other) => {
      const place = one.weights.findIndex((weight, at) => weight !== other.weights[at])
      return (other.weights[place] as number) - (one.weights[place] as number)
    })[0]?.entry
}

/** Every entry that may decide: of the tier that is named, or of each there may be. */
function decidingEntries(file: PriceFile, call: PricedCall, unit: string): readonly PriceEntry[] {
  const possible = call.tier === undefined ? [...tiers, 'a tier that no entry names'] : [call.tier]
  return [...new Set(possible.map((tier) => decidingEntry(file, call, unit, tier)))].filter((entry) => entry !== undefined)
}

const largest = BigInt(Number.MAX_SAFE_INTEGER)
const million = 1_000_000n

/** Rounded up, and at most what an amount can be. */
function roundedUp(over: bigint, under: bigint): number {
  const up = (over + under - 1n) / under
  return Number(up > largest ? largest : up)
}

function dearest(entries: readonly PriceEntry[], read: (entry: PriceEntry) => number | undefined): bigint | undefined {
  const prices = entries.map(read).filter((price) => price !== undefined)
  return prices.length === 0 ? undefined : BigInt(Math.max(...prices))
}

function markupOf({ markups }: PriceFile, { gateway, key }: PricedCall): bigint {
  const ofKeys = markups[gateway] ?? {}
  return BigInt(ofKeys[key] ?? ofKeys['*'] ?? 1_000_000_000)
}

/** The cost as a fraction of whole numbers, rounded at its end; seconds are whole thousandths here. */
function slowCost(file: PriceFile, call: PricedCall, unit: string, usage: Usage): number | undefined {
  const entries = decidingEntries(file, call, unit)
  const isOfCall = ({ perMillion, perImage, perSecond }: PriceEntry): boolean =>
    perMillion === undefined && perImage === undefined && perSecond === undefined
  if (entries.every((entry) => isOfCall(entry) && entry.perCall === undefined)) return undefined
  let isKnown = true
  const counted = (count: number | undefined, price: bigint | undefined, thousandths = false): bigint => {
    if (price === undefined || price === 0n) return 0n
    if (count === undefined) isKnown = false
    return (thousandths ? BigInt(Math.round((count ?? 0) * 1000)) : BigInt(count ?? 0) * 1000n) * price
  }
  const kind = (all: number | undefined, some: number | undefined, price: bigint | undefined, priceOfSome: bigint | undefined): bigint => {
    if (price === undefined || priceOfSome === undefined) return 0n
    if (some === undefined) return counted(all, price > priceOfSome ? price : priceOfSome)
    return counted(some, priceOfSome) + counted(all === undefined ? undefined : Math.max(0, all - some), price)
  }
  const tokens =
    kind(
      usage.input,
      usage.cached,
      dearest(entries, (each) => each.perMillion?.input),
      dearest(entries, ({ perMillion }) => perMillion?.cached ?? perMillion?.input),
    ) +
    kind(
      usage.output,
      usage.reasoning,
      dearest(entries, (each) => each.perMillion?.output),
      dearest(entries, ({ perMillion }) => perMillion?.reasoning ?? perMillion?.output),
    )
  const others =
    counted(
      usage.images,
      dearest(entries, (each) => each.perImage),
    ) +
    counted(
      usage.seconds,
      dearest(entries, (each) => each.perSecond),
      true,
    )
  const ofCalls = dearest(entries.filter(isOfCall), ({ perCall }) => perCall)
  if (!isKnown) return undefined
  const markup = markupOf(file, call)
  const under = 1000n * million * 1_000_000_000n
  const cost = roundedUp((tokens + others * million) * markup, under)
  return ofCalls === undefined ? cost : Math.max(cost, roundedUp(ofCalls * markup, 1_000_000_000n))
}

function anyCall(random: Random): PricedCall {
  return {
    gateway: oneOf(random, [...gateways, 'third']),
    key: oneOf(random, keys),
    model: oneOf(random, models),
    tier: oneOf(random, [undefined, ...tiers, 'x']),
  }
}

function anyUsage(random: Random): Usage {
  const maybe = (): number | undefined => (random(5) === 0 ? undefined : anyNumber(random))
  const seconds = random(2) === 0 ? random(1_000_000) / 1000 : anyNumber(random) % 2 ** 40
  return {
    input: maybe(),
    output: maybe(),
    cached: maybe(),
    reasoning: maybe(),
    images: maybe(),
    seconds: random(5) === 0 ? undefined : seconds,
  }
}

function anyMost(random: Random): MostUsage {
  return { input: anyNumber(random), output: anyNumber(random), images: random(9), seconds: random(1000) }
}

function eachOf(count: number, check: (random: Random, round: number) => void): void {
  const random = randomFrom(seed)
  for (let round = 0; round < count; round += 1) check(random, round)
}

/** Costs less than `expect` where it holds, as it nearly always does. */
function holds(isTrue: boolean, found: object): void {
  if (!isTrue) expect(found).toBe('what the title says')
}

describe('reckoning with prices', () => {
  test(`is what fractions of whole numbers say, for any file and usage (seed ${seed})`, () => {
    let known = 0
    eachOf(4000, (random, round) => {
      const file = anyFile(random)
      const [call, usage, unit] = [anyCall(random), anyUsage(random), oneOf(random, units)]
      const expected = slowCost(file, call, unit, usage)
      if (expected !== undefined) known += 1
      const cost = compilePrices(file).costOf(call, unit, usage)
      if (cost !== expected) expect({ round, file, call, usage, cost }).toEqual({ round, file, call, usage, cost: expected })
    })
    expect(known).toBeGreaterThan(200)
  })

  test(`never gives an amount that is no whole number from 0 to the largest (seed ${seed})`, () => {
    eachOf(2000, (random) => {
      const prices = compilePrices(anyFile(random))
      const cost = prices.costOf(anyCall(random), 'USD', anyUsage(random)) ?? 0
      holds(Number.isSafeInteger(cost) && cost >= 0, { cost })
    })
  })

  test(`bounds what a call turns out to cost, whichever tier ran it and whatever part was cached (seed ${seed})`, () => {
    eachOf(3000, (random, round) => {
      const prices = compilePrices(anyFile(random))
      const [call, most] = [anyCall(random), anyMost(random)]
      const bound = prices.mostOf({ ...call, tier: undefined }, 'USD', most)
      const part = (all: number): number => (random(2) === 0 ? all : Math.floor(all / (1 + random(3))))
      const [input, output] = [part(most.input), part(most.output)]
      const usage = { input, output, cached: part(input), reasoning: part(output), images: part(most.images), seconds: part(most.seconds) }
      const cost = prices.costOf(call, 'USD', usage)
      if (cost === undefined) return
      holds((bound ?? -1) >= cost, { round, bound, cost })
      // A model that the gateway chooses is one that it could have been asked for.
      const ofAny = prices.mostOf({ ...call, model: undefined, tier: undefined }, 'USD', most) ?? -1
      holds(ofAny >= cost, { round, ofAny, cost })
      const ofAnyTier = prices.costOf({ ...call, tier: undefined }, 'USD', usage) ?? Infinity
      holds(ofAnyTier >= cost, { round, ofAnyTier, cost })
    })
  })

  test(`cuts output to the last token that fits (seed ${seed})`, () => {
    let cut = 0
    eachOf(3000, (random, round) => {
      const prices = compilePrices(anyFile(random))
      const [call, amount, most] = [anyCall(random), anyNumber(random), { ...anyMost(random), input: random(100_000) }]
      const within = prices.outputWithin(call, 'USD', most, amount)
      const costWith = (output: number): number => prices.mostOf(call, 'USD', { ...most, output }) as number
      if (within === undefined) return
      holds(within === 0 || costWith(within) <= amount, { round, within, amount })
      // An amount above the largest is told as the largest, so nothing is seen of what lies above.
      if (within >= Number.MAX_SAFE_INTEGER || amount === Number.MAX_SAFE_INTEGER) return
      cut += 1
      holds(costWith(within + 1) > amount, { round, within, amount })
    })
    expect(cut).toBeGreaterThan(150)
  })
})

describe('an amount', () => {
  test.each<[text: string, amount: number, unit: string]>([
    ['20 USD', 20_000_000_000, 'USD'],
    ['0.5 credits', 500_000_000, 'credits'],
    ['0.000000001 USD', 1, 'USD'],
    ['12.34TL', 12_340_000_000, 'TRY'],
    ['9007199.254740991 EUR', Number.MAX_SAFE_INTEGER, 'EUR'],
  ])('is read as it is written: %s', (text, amount, unit) => {
    expect(readAmount(text)).toEqual({ amount, unit })
  })

  test.each([
    '20',
    'USD',
    '20 usd',
    '20 XYZ',
    '-1 USD',
    '1e3 USD',
    '.5 USD',
    '5. USD',
    '0.0000000001 USD',
    '9007199.254740992 USD',
    '99999999999999999 USD',
    '20 USD each',
    '١ USD',
  ])('is none: %s', (text) => {
    expect(readAmount(text)).toBeUndefined()
  })

  test(`that is written is read again as the same (seed ${seed})`, () => {
    eachOf(2000, (random) => {
      const amount = anyNumber(random)
      if (readDecimal(writeAmount(amount)) !== amount) expect(readDecimal(writeAmount(amount))).toBe(amount)
    })
    expect([0, 1, 1_000_000_000, 1_500_000_000, -1].map(writeAmount)).toEqual(['0', '0.000000001', '1', '1.5', '-0.000000001'])
  })

  test.each<[number: number, amount: number | undefined]>([
    [0, 0],
    [0.1, 100_000_000],
    [0.0042, 4_200_000],
    [1e-7, 100],
    [1.5e-9, 2],
    [5e-324, 1],
    [20, 20_000_000_000],
    [1e300, Number.MAX_SAFE_INTEGER],
    [-1, undefined],
    [Number.NaN, undefined],
    [Infinity, undefined],
  ])('that a gateway reports as %d is the decimal that it wrote, rounded up', (number, amount) => {
    expect(toBillionths(number)).toBe(amount)
  })
})
