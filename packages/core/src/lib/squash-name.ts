import { foldName } from './json-members.js'

let last: { readonly name: string; readonly squashed: string } | undefined

/**
 * A name without case and punctuation: `Api-Key`, `api_key` and `apiKey` are one name to people, and to some servers.
 *
 * Several rules look at one name after the other, so the last is remembered.
 */
export function squashName(name: string): string {
  if (last?.name === name) return last.squashed
  const squashed = foldName(name).replaceAll(/[^a-z0-9]/g, '')
  last = { name, squashed }
  return squashed
}

/** What looking at a member costs by its name, where a short one costs 1: beyond ASCII a character can stand for several. */
export function costOfName(name: string): number {
  if (name.length <= 32) return 1
  return Math.ceil(name.length / (isAsciiText.test(name) ? 32 : 2))
}

// oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
const isAsciiText = /^[\0-\x7f]*$/

/** How many members and items from one on may be looked at for so much. */
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

const maxNames = 4096
const maxNameChars = 64

/** Remembers what was found out about a name. Names come from clients, so there is a bound on how many and how long. */
export function rememberNames<Found>(findOut: (name: string) => Found): (name: string) => Found {
  const found = new Map<string, Found>()
  return (name) => {
    const known = found.get(name)
    if (known !== undefined) return known
    const fresh = findOut(name)
    if (name.length <= maxNameChars && found.size < maxNames) found.set(name, fresh)
    return fresh
  }
}
