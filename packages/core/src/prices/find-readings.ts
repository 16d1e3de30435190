import { compileNamePattern, modelReadings } from '@postern/protocol'
import { rememberNames } from '../lib/remember-names.js'
import { createPriceIndex, type PriceIndex, type RankedEntry } from './price-index.js'
import type { PricedCall } from './prices.js'

/** Finds the entries for models that a gateway could take a call's model for, in a unit; `below` is the rank of the entry for its own name. */
export type FindReadings = (call: PricedCall, unit: string, below: number) => readonly RankedEntry[]

const readingsOf = rememberNames(modelReadings)

interface Indexes {
  readonly whole: PriceIndex
  /** Of names without their providers, for models that are named without one. */
  readonly bare: PriceIndex
}

/**
 * Clients choose how they write a model's name, and some gateways take more than one name for a model: with a variant, in a folder, in
 * capital letters. So an entry for a name that could be meant counts beside the entry for the name that is written, if it is more
 * specific: the dearer one is set aside.
 *
 * @param byPlace The entries by gateway and unit, each list in the order of the ranks.
 * @param placesOf The places that are looked at for a gateway and a unit.
 */
export function createReadingFinder(
  byPlace: ReadonlyMap<string, readonly RankedEntry[]>,
  placesOf: (gateway: string, unit: string) => readonly string[],
): FindReadings {
  const indexes = new Map([...byPlace].map(([place, entries]): [string, Indexes] => [place, indexesOf(entries)]))
  return ({ gateway, model, tier }, unit, below) => {
    if (model === undefined) return []
    const { names, isBare } = readingsOf(model)
    const found = new Set<RankedEntry>()
    const take = (index: PriceIndex, name: string): void => {
      for (const each of index.matching(name))
        if (each.rank < below && (tier === undefined || each.entry.tier === undefined || each.entry.tier === tier)) found.add(each)
    }
    for (const place of placesOf(gateway, unit)) {
      const index = indexes.get(place)
      if (index === undefined) continue
      for (const name of names) {
        take(index.whole, name)
        if (isBare) take(index.bare, name)
      }
    }
    return [...found]
  }
}

function indexesOf(entries: readonly RankedEntry[]): Indexes {
  const folded = entries.map((each) => ofModel(each, each.entry.model.toLowerCase()))
  const bare = folded
    .filter(({ entry }) => entry.model.includes('/'))
    .map((each) => ofModel(each, each.entry.model.slice(each.entry.model.lastIndexOf('/') + 1)))
  return { whole: createPriceIndex(folded), bare: createPriceIndex(bare) }
}

function ofModel({ entry, rank, tariff }: RankedEntry, model: string): RankedEntry {
  return { entry: { ...entry, model }, rank, tariff, matchesModel: compileNamePattern(model) }
}
