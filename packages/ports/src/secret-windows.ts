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

function createTable(size: number, secrets: readonly string[]): FindSecret {
  let top = 1
  for (let step = 0; step < size; step += 1) top = Math.imul(top, base)
  // A filter of 32 bits or more per secret: of the windows that begin no secret, about one in thirty passes it.
  const bitCount = 2 ** Math.ceil(Math.log2(Math.max(1024, secrets.length * 32)))
  const bits = new Uint32Array(bitCount / 32)
  // The secrets of one place follow each other as a chain of their numbers, each one above its index; 0 ends the chain.
  const places = bitCount / 32
  const first = new Uint32Array(places)
  const next = new Uint32Array(secrets.length)
  const hashes = new Int32Array(secrets.length)
  // From the last, so that a chain has the order of the list.
  for (let number = secrets.length; number > 0; number -= 1) {
    const secret = secrets[number - 1] as string
    let hash = 0
    for (let index = 0; index < size; index += 1) hash = (Math.imul(hash, base) + secret.charCodeAt(index)) | 0
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
      for (let number = first[spread & (places - 1)] as number; number > 0; number = next[number - 1] as number) {
        if (hashes[number - 1] !== hash) continue
        const secret = secrets[number - 1] as string
        if (text.startsWith(secret, start)) end = Math.max(end, start + secret.length)
        else if (!onlyWhole && text.length - start < secret.length && secret.startsWith(text.slice(start))) end = text.length
      }
      if (end > 0) return { start, end }
    }
    return undefined
  }
}

function placeOf(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0
}
