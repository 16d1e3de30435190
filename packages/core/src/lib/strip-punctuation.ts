import { foldCase } from './json-members.js'

let last: { readonly name: string; readonly squashed: string } | undefined

/**
 * A name without case and punctuation: for people and for some servers, `Api-Key`, `api_key` and `apiKey` are the same.
 *
 * Keeps a memo of the last name, since several rules look at the same name one after the other.
 */
export function squashName(name: string): string {
  if (last?.name === name) return last.squashed
  const squashed = foldCase(name).replaceAll(/[^a-z0-9]/g, '')
  last = { name, squashed }
  return squashed
}

/** The cost of looking at a member, by its name; a short name costs 1. A character beyond ASCII may fold to several. */
export function costOfName(name: string): number {
  if (name.length <= 32) return 1
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
