import { foldCase } from './fold-case.js'

/**
 * A memo of the last names: several rules look at the same name one after the other, and at the names of the objects around it.
 */
const last: { name: string; squashed: string }[] = Array.from({ length: 4 }, () => ({ name: '', squashed: '' }))
let oldest = 0

/** No name that we look for is longer, in characters, even with a separator behind each letter. */
const maxFoldedChars = 128

/**
 * A name without case and punctuation: for people and for some servers, `Api-Key`, `api_key` and `apiKey` are the same.
 * Of a longer name than any that we look for, only the letters and digits of ASCII are read.
 */
export function squashName(name: string): string {
  for (const each of last) if (each.name === name) return each.squashed
  const folded = name.length > maxFoldedChars ? name.toLowerCase() : foldCase(name)
  const squashed = folded.replaceAll(/[^a-z0-9]+/g, '')
  const slot = last[oldest] as (typeof last)[number]
  oldest = (oldest + 1) % last.length
  slot.name = name
  slot.squashed = squashed
  return squashed
}

/** The cost of looking at a member, by its name; a short name costs 1. A character beyond ASCII may fold to several. */
export function costOfName(name: string): number {
  if (name.length <= 4) return 1
  return Math.ceil(name.length / (isAsciiText.test(name) ? 32 : 2))
}

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const isAsciiText = /^[\0-\x7f]*$/

/**
 * How many members of an object, or items of a list, may be looked at for a given cost.
 *
 * @param most The cost that may be spent; the last member may exceed it.
 * @param from The index of the first one.
 * @param length The number of all.
 * @param names The names of members; `undefined` for a list, where each item costs 1.
 * @returns The index after the last one, and the cost spent.
 */
export function takeWithin(
  most: number,
  from: number,
  length: number,
  names: readonly string[] | undefined,
): { readonly end: number; readonly cost: number } {
  if (names === undefined) return { end: Math.min(length, from + most), cost: Math.min(length - from, most) }
  let end = from
  let cost = 0
  for (; end < length && cost < most; end += 1) cost += costOfName(names[end] as string)
  return { end, cost }
}
