import type { PriceFile } from '@postern/ports'
import { createReadingFinder, type FindReadings } from './find-readings.js'
import { createPriceIndex, type PriceIndex, rankEntries, type RankedEntry } from './price-index.js'
import type { PricedCall } from './prices.js'

/**
 * Finds the entries that may decide what a call costs in a unit: of its model, or of every model if it names none. One, if model and
 * tier are known; else one for each model and tier that may run. An entry is left out if a more specific one holds wherever it holds.
 */
export type FindEntries = (call: PricedCall, unit: string) => readonly RankedEntry[]

/** The entries of a price file, as they are looked up. */
export interface EntryFinder {
  readonly find: FindEntries
  readonly findReadings: FindReadings
}

export function createEntryFinder({ prices }: PriceFile): EntryFinder {
  const byPlace = new Map<string, RankedEntry[]>()
  for (const each of rankEntries(prices)) {
    const id = placeOf(each.entry.gateway, each.entry.unit)
    const known = byPlace.get(id)
    if (known === undefined) byPlace.set(id, [each])
    else known.push(each)
  }
  const indexes = new Map<string, PriceIndex>([...byPlace].map(([id, entries]) => [id, createPriceIndex(entries)]))
  const placesOf = (gateway: string, unit: string): readonly string[] => [placeOf(gateway, unit), placeOf(undefined, unit)]
  const find: FindEntries = ({ gateway, model, tier }, unit) => {
    const found: RankedEntry[] = []
    /** The models, and the tiers of models, for which an entry was found. */
    const decided = new Set<string>()
    for (const index of placesOf(gateway, unit).map((place) => indexes.get(place)))
      for (const each of index === undefined ? [] : model === undefined ? index.all : index.matching(model)) {
        const { entry } = each
        if (tier !== undefined && entry.tier !== undefined && entry.tier !== tier) continue
        const holdsFor = model ?? entry.model
        const isOfAnyTier = entry.tier === undefined || tier !== undefined
        if (isOfAnyTier && (model !== undefined || entry.model === '*')) return found.concat(each)
        if (decided.has(holdsFor) || (!isOfAnyTier && [holdsFor, '*'].some((name) => decided.has(`${name}\n${entry.tier}`)))) continue
        decided.add(isOfAnyTier ? holdsFor : `${holdsFor}\n${entry.tier}`)
        found.push(each)
      }
    return found
  }
  return { find, findReadings: createReadingFinder(byPlace, placesOf) }
}

/** No name holds a line feed. */
function placeOf(gateway: string | undefined, unit: string): string {
  return `${gateway ?? ''}\n${unit}`
}
