import { isPlainModel } from '@postern/protocol'
import { type PriceEntry, type PriceFile, unitsOfGateway } from '@postern/ports'
import { rememberNames } from '../lib/remember-names.js'
import { type Factor, factorOf, one } from './exact.js'
import { createEntryFinder } from './find-entries.js'
import type { RankedEntry } from './price-index.js'
import type { PricedCall, PriceDifference, Prices } from './prices.js'
import { costBy, dearestOf, isTold, mostBy, outputBy, type Tariff } from './tariff.js'

/** Compiles the price file. What a call costs is found by its gateway and model, without a look at other entries. */
export function compilePrices(file: PriceFile): Prices {
  const { find: findEntries, findReadings } = createEntryFinder(file)
  const factorFor = compileMarkups(file)
  const tiers = new Set(file.prices.map(({ tier }) => tier))
  /** Gateways that no entry names are alike: the empty text stands for them. */
  const gateways = new Set(file.prices.map(({ gateway }) => gateway ?? ''))
  const units = new Map([...gateways, ''].map((gateway) => [gateway, unitsOfGateway(file, gateway)]))
  const placeOf = (gateway: string): string => (gateways.has(gateway) ? gateway : '')
  const unitsOf = (gateway: string): ReadonlySet<string> => units.get(placeOf(gateway)) as ReadonlySet<string>

  /** Reckons once for calls that are alike; of models beyond the bounds of {@link rememberNames}, each time. */
  function createMemo<Result>(reckon: (call: PricedCall, what: string) => Result): (call: PricedCall, what: string) => Result {
    type Known = Map<string, Map<string, Result>>
    const ofAnyModel: Known = new Map()
    const ofModel = rememberNames((): Known => new Map())
    return (call, what) => {
      const { gateway, model, tier, asRead } = call
      const known = model === undefined ? ofAnyModel : ofModel(model)
      const place = placeOf(gateway)
      const tierNamed = tier === undefined ? what : tiers.has(tier) ? `${what}=${tier}` : `${what}\n`
      const kind = asRead === true ? `read ${tierNamed}` : tierNamed
      let ofGateway = known.get(place)
      if (ofGateway === undefined) known.set(place, (ofGateway = new Map()))
      const found = ofGateway.get(kind)
      if (found !== undefined || ofGateway.has(kind)) return found as Result
      const result = reckon(call, what)
      ofGateway.set(kind, result)
      return result
    }
  }

  /** The entries for the models that a gateway could read in the name of a model that the file has not in full, beside its own. */
  function readingsBeside(own: readonly RankedEntry[], call: PricedCall, unit: string): readonly RankedEntry[] {
    if (call.model === undefined || own.some(({ entry }) => entry.model === call.model)) return []
    if (own.length === 0 && call.asRead !== true) return []
    // A name that a gateway could read as any model costs as much as the dearest one.
    if (!isPlainModel(call.model)) return findEntries({ ...call, model: undefined }, unit)
    return findReadings(call, unit, Math.min(...own.map(({ rank }) => rank)))
  }

  const tariffFor = createMemo((call, unit) => {
    const own = findEntries(call, unit)
    return dearestOf([...own, ...readingsBeside(own, call, unit)].map(({ tariff }) => tariff))
  })
  const statedFor = createMemo((call, what) => {
    const read = facts[what as keyof typeof facts]
    const found = [...unitsOf(call.gateway)].map((unit) => ({ unit, own: findEntries(call, unit) }))
    const entries = found.flatMap(({ own }) => own)
    if (call.model === undefined) return largestStated(entries, read)
    const stated = largestStated(ofMostSpecificModel(entries), read)
    // A ceiling is what is set aside, and the dearest counts; a model's most is what the request is cut to.
    if (stated === undefined || what === 'maxOutput') return stated
    const beside = found.flatMap(({ unit, own }) => readingsBeside(own, call, unit)).flatMap(({ entry }) => read(entry) ?? [])
    return Math.max(stated, ...beside)
  })

  function priced<Result>(call: PricedCall, unit: string, reckon: (tariff: Tariff, factor: Factor) => Result): Result | undefined {
    const tariff = unitsOf(call.gateway).has(unit) ? tariffFor(call, unit) : undefined
    return tariff === undefined ? undefined : reckon(tariff, factorFor(call))
  }

  return {
    version: file.version,
    unitsOf,
    costOf: (call, unit, usage) => priced(call, unit, (tariff, factor) => costBy(tariff, usage, factor)),
    mostOf: (call, unit, most) => priced(call, unit, (tariff, factor) => mostBy(tariff, most, factor)),
    outputWithin: (call, unit, most, amount) => priced(call, unit, (tariff, factor) => outputBy(tariff, most, amount, factor)),
    maxOutputOf: (call) => statedFor(call, 'maxOutput'),
    ceilingOf: (call, kind) => statedFor(call, kind),
    differenceOf: (call, unit, usage, reported) =>
      priced(call, unit, (tariff, factor) => {
        const expected = costBy(tariff, usage, factor)
        if (expected === undefined || (reported < expected && !isTold(tariff, usage))) return undefined
        return differenceBetween(expected, reported, file.difference)
      }),
  }
}

/** @param tolerated The share up to which two amounts are taken as equal, in millionths. */
function differenceBetween(expected: number, reported: number, tolerated: number): PriceDifference | undefined {
  const [size, larger] = [Math.abs(reported - expected), Math.max(reported, expected)]
  if (size === 0 || BigInt(size) * 1_000_000n <= BigInt(larger) * BigInt(tolerated)) return undefined
  return { expected, share: size / larger }
}

function compileMarkups({ markups }: PriceFile): (call: PricedCall) => Factor {
  const factors = new Map<string, Factor>()
  for (const [gateway, ofKeys] of Object.entries(markups))
    for (const [alias, markup] of Object.entries(ofKeys)) factors.set(`${gateway}\n${alias}`, factorOf(markup))
  return ({ gateway, key }) => factors.get(`${gateway}\n${key}`) ?? factors.get(`${gateway}\n*`) ?? one
}

/** What entries say beside prices. */
const facts = {
  maxOutput: ({ maxOutput }: PriceEntry) => maxOutput,
  image: ({ ceilings }: PriceEntry) => ceilings?.image,
  audio: ({ ceilings }: PriceEntry) => ceilings?.audio,
  file: ({ ceilings }: PriceEntry) => ceilings?.file,
}

/** The entries for the same gateway and model as the most specific one: what is said of one model does not hold for another. */
function ofMostSpecificModel(entries: readonly RankedEntry[]): readonly RankedEntry[] {
  const [first, ...others] = entries
  if (first === undefined) return []
  const { entry } = others.reduce((lowest, other) => (other.rank < lowest.rank ? other : lowest), first)
  return entries.filter((each) => each.entry.gateway === entry.gateway && each.entry.model === entry.model)
}

/** The largest number that is said of any model; `undefined` if it is not said of each. Entries of one model may differ in their units and tiers. */
function largestStated(entries: readonly RankedEntry[], read: (entry: PriceEntry) => number | undefined): number | undefined {
  const byModel = new Map<string, number | undefined>()
  for (const { entry } of entries) {
    const id = `${entry.gateway ?? ''}\n${entry.model}`
    const [known, stated] = [byModel.get(id), read(entry)]
    byModel.set(id, known === undefined || stated === undefined ? (known ?? stated) : Math.max(known, stated))
  }
  let largest: number | undefined
  for (const stated of byModel.values()) {
    if (stated === undefined) return undefined
    largest = Math.max(largest ?? 0, stated)
  }
  return largest
}
