/** Where a secret was found in a text. */
export interface Found {
  readonly start: number
  /** The position after its last character. */
  readonly end: number
}

/**
 * Finds any of many secrets in a text (Rabin-Karp): a rolling hash of the last {@link width} characters is looked up among
 * the hashes of the secrets' first ones. So the cost grows with the text and not with the number of secrets.
 *
 * Of several, it finds the one that begins first in the text, and of those that begin there the longest: a caller that goes on behind
 * the beginning of what was found misses none.
 *
 * Also finds a secret that the end of the text cuts off, if its first {@link width} characters are there; not with
 * `onlyWhole`. If the author of the text learns of the result, use `onlyWhole`: otherwise the author could guess a secret
 * character by character.
 */
export type FindSecret = (text: string, onlyWhole?: boolean) => Found | undefined

export function createSecretWindows(secrets: readonly string[]): FindSecret {
  const byWidth = new Map<number, string[]>()
  for (const secret of new Set(secrets)) {
    if (secret === '') continue
    const size = Math.min(width, secret.length)
    const known = byWidth.get(size)
    if (known === undefined) byWidth.set(size, [secret])
    else known.push(secret)
  }
  return findFirstOf([...byWidth].map(([size, those]) => createTable(size, those)))
}

/** Finds what any of these finds: what begins first in the text, and of those that begin there the longest. */
export function findFirstOf(finders: readonly FindSecret[]): FindSecret {
  const [only] = finders
  if (only !== undefined && finders.length === 1) return only
  return (text, onlyWhole) => {
    let first: Found | undefined
    for (const find of finders) {
      const found = find(text, onlyWhole)
      if (found === undefined) continue
      if (first === undefined || found.start < first.start || (found.start === first.start && found.end > first.end)) first = found
    }
    return first
  }
}

/** How many of a secret's first characters are hashed; all, if it is shorter. */
const width = 8

const base = 0x01000193

/** @param secrets Different secrets of at least `size` characters. */
function createTable(size: number, secrets: readonly string[]): FindSecret {
  let top = 1
  for (let step = 0; step < size; step += 1) top = Math.imul(top, base)
  const families = familiesOf(size, secrets)
  // A filter of 32 bits or more per secret: of the windows that begin no secret, about one in thirty passes it.
  const bitCount = 2 ** Math.ceil(Math.log2(Math.max(1024, families.length * 32)))
  const bits = new Uint32Array(bitCount / 32)
  // The families of one place follow each other as a chain of their numbers, each one above its index; 0 ends the chain.
  const places = bitCount / 32
  const first = new Uint32Array(places)
  const next = new Uint32Array(families.length)
  const hashes = new Int32Array(families.length)
  for (let number = families.length; number > 0; number -= 1) {
    const hash = hashOf((families[number - 1] as Family).members[0] as string, size)
    const spread = placeOf(hash)
    const bit = spread & (bitCount - 1)
    bits[bit >>> 5] = (bits[bit >>> 5] as number) | (1 << (bit & 31))
    hashes[number - 1] = hash
    next[number - 1] = first[spread & (places - 1)] as number
    first[spread & (places - 1)] = number
  }
  return (text, onlyWhole = false) => {
    let hash = 0
    for (let index = 0; index < text.length; index += 1) {
      hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0
      if (index < size - 1) continue
      if (index >= size) hash = (hash - Math.imul(text.charCodeAt(index - size), top)) | 0
      const spread = placeOf(hash)
      const bit = spread & (bitCount - 1)
      if (((bits[bit >>> 5] as number) & (1 << (bit & 31))) === 0) continue
      const start = index - size + 1
      let end = 0
      for (let number = first[spread & (places - 1)] as number; number > 0; number = next[number - 1] as number)
        if (hashes[number - 1] === hash) end = Math.max(end, endOfMember(families[number - 1] as Family, text, start, onlyWhole))
      if (end > 0) return { start, end }
    }
    return undefined
  }
}

/** Secrets with the same first characters: one, mostly; thousands where the keys of a provider begin alike. */
interface Family {
  /** In the order of their character codes. */
  readonly members: readonly string[]
  /** For each member, the index of the longest other one that it begins with; -1: none. */
  readonly beginnings: readonly number[]
}

const noBeginning: readonly number[] = [-1]

function familiesOf(size: number, secrets: readonly string[]): readonly Family[] {
  const families = new Map<string, string[]>()
  for (const secret of secrets) {
    const beginning = secret.slice(0, size)
    const known = families.get(beginning)
    if (known === undefined) families.set(beginning, [secret])
    else known.push(secret)
  }
  return [...families.values()].map((members) => {
    if (members.length === 1) return { members, beginnings: noBeginning }
    members.sort()
    return { members, beginnings: beginningsOf(members) }
  })
}

function beginningsOf(members: readonly string[]): readonly number[] {
  const beginnings: number[] = []
  for (const [index, member] of members.entries()) {
    let before = index - 1
    while (before >= 0 && !member.startsWith(members[before] as string)) before = beginnings[before] as number
    beginnings.push(before)
  }
  return beginnings
}

/**
 * The position after the longest member that stands in a text at `start`; 0: none does. The place of the text among the members is found by
 * halves, so that a text which repeats what thousands begin with costs a few comparisons each time.
 */
function endOfMember({ members, beginnings }: Family, text: string, start: number, onlyWhole: boolean): number {
  /** Members below `low` do not come after the text in their order; those from `high` on do, as does one that the text's end cuts off. */
  let [low, high] = [0, members.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const member = members[middle] as string
    const same = sharedLength(member, text, start)
    const comesAfter = same < member.length && !(member.charCodeAt(same) < text.charCodeAt(start + same))
    if (comesAfter) high = middle
    else low = middle + 1
  }
  const following = members[low]
  if (!onlyWhole && following !== undefined && start + sharedLength(following, text, start) === text.length) return text.length
  // Whatever stands between a member that the text begins with and the text itself begins with that member too.
  let before = low - 1
  while (before >= 0) {
    const member = members[before] as string
    if (sharedLength(member, text, start) === member.length) return start + member.length
    before = beginnings[before] as number
  }
  return 0
}

/** How many characters of a secret stand in a text from `start` on. */
function sharedLength(secret: string, text: string, start: number): number {
  const most = Math.min(secret.length, text.length - start)
  let length = 0
  while (length < most && secret.charCodeAt(length) === text.charCodeAt(start + length)) length += 1
  return length
}

function hashOf(text: string, size: number): number {
  let hash = 0
  for (let index = 0; index < size; index += 1) hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0
  return hash
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0
}
