import { compileNamePattern } from '@postern/protocol'
import type { PriceEntry } from '@postern/ports'
import { type Tariff, tariffOf } from './tariff.js'

/** An entry of the file, ready to be looked up. */
export interface RankedEntry {
  readonly entry: PriceEntry
  /** Of two entries that match a call, the one with the lower rank decides. */
  readonly rank: number
  readonly tariff: Tariff
  readonly matchesModel: (name: string) => boolean
}

/**
 * The entries, the most specific first: entries of one gateway before those of any; then a model's name before a pattern, and a
 * pattern with more characters beside its stars before one with fewer; then entries of one tier before those of any; then the order
 * of the file.
 */
export function rankEntries(entries: readonly PriceEntry[]): readonly RankedEntry[] {
  return entries
    .map((entry) => ({ entry, weights: weightsOf(entry) }))
    .toSorted((one, other) => firstDifference(one.weights, other.weights))
    .map(({ entry }, rank) => ({ entry, rank, tariff: tariffOf(entry), matchesModel: compileNamePattern(entry.model) }))
}

function weightsOf({ gateway, model, tier }: PriceEntry): readonly number[] {
  const isPattern = model.includes('*')
  return [gateway === undefined ? 1 : 0, isPattern ? 1 : 0, isPattern ? -model.replaceAll('*', '').length : 0, tier === undefined ? 1 : 0]
}

function firstDifference(weights: readonly number[], others: readonly number[]): number {
  for (const [place, weight] of weights.entries()) if (weight !== others[place]) return weight - (others[place] as number)
  return 0
}

/** Entries of one unit, and of one gateway or of any. */
export interface PriceIndex {
  /** The entries that match a model, the most specific first. Looks at no entry whose model begins otherwise. */
  matching(model: string): readonly RankedEntry[]
  /** Every entry, the most specific first. */
  readonly all: readonly RankedEntry[]
}

/** @param entries In the order of their ranks. */
export function createPriceIndex(entries: readonly RankedEntry[]): PriceIndex {
  const exact = new Map<string, RankedEntry[]>()
  /** By what stands before the first star. */
  const patterns = new Map<string, RankedEntry[]>()
  for (const each of entries) {
    const [start = '', ...rest] = each.entry.model.split('*')
    const map = rest.length === 0 ? exact : patterns
    const known = map.get(start)
    if (known === undefined) map.set(start, [each])
    else known.push(each)
  }
  const lengths = [...new Set([...patterns.keys()].map(({ length }) => length))]
  return {
    all: entries,
    matching(model) {
      const named = exact.get(model) ?? []
      const matched: RankedEntry[] = []
      for (const length of lengths)
        for (const each of patterns.get(model.slice(0, length)) ?? []) if (each.matchesModel(model)) matched.push(each)
      if (matched.length === 0) return named
      if (matched.length > 1) matched.sort((one, other) => one.rank - other.rank)
      return named.length === 0 ? matched : [...named, ...matched]
    },
  }
}
