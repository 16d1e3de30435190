import { hash, timingSafeEqual } from 'node:crypto'

/** One server-side caller: a name and the SHA-256 of its credential. */
export interface RingEntry {
  readonly label: string
  /** 64 lower-case hexadecimal digits. */
  readonly digest: string
}

/** Why an entry of a ring cannot be used. Never repeats the entry: somebody may have pasted a plaintext. */
export interface RingProblem {
  /** Counted from 1. */
  readonly position: number
  readonly label?: string
  readonly reason: string
  readonly fix: string
}

const digestPattern = /^[0-9a-f]{64}$/

/** SHA-256 of the word `test`, which the gateway's documentation prints as its example. */
const exampleDigest = hash('sha256', 'test')

/**
 * Reads a ring: `label:sha256hex` or `sha256hex`, separated by commas or newlines. What follows the last
 * colon is the hash, so labels may contain colons.
 *
 * The format is that of the Free AI Gateway's `GATEWAY_API_KEY_HASHES`. That gateway drops an entry it cannot
 * read without a word; here it is a problem, because a caller would be locked out unexplained.
 */
export function parseHashRing(text: string): { readonly entries: readonly RingEntry[]; readonly problems: readonly RingProblem[] } {
  const entries: RingEntry[] = []
  const problems: RingProblem[] = []
  const labels = new Set<string>()
  const digests = new Set<string>()
  const parts = text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

  parts.forEach((part, index) => {
    const position = index + 1
    const colon = part.lastIndexOf(':')
    const digest = part.slice(colon + 1).toLowerCase()
    const given = colon === -1 ? undefined : part.slice(0, colon)
    const report = (reason: string, fix: string): void => {
      problems.push({ position, ...(given === undefined ? {} : { label: given }), reason, fix })
    }
    if (!digestPattern.test(digest)) {
      report(
        'is not label:sha256hex',
        'Write the label, a colon and the 64 hexadecimal digits of the SHA-256; "postern callers add" makes one.',
      )
    } else if (digest === exampleDigest) {
      report(
        'holds the example digest of the documentation, which lets in anybody who says "test"',
        'Make a real one with "postern callers add".',
      )
    } else if (given === '') {
      report('has an empty label', 'Name the caller before the colon.')
    } else {
      const label = given ?? `sha256-${digest.slice(0, 12)}`
      if (labels.has(label)) report('has a label that stands in the ring already', 'Give each caller its own label.')
      else if (digests.has(digest)) report('has a hash that stands in the ring already', 'Give each caller its own credential.')
      else entries.push({ label, digest })
      labels.add(label)
      digests.add(digest)
    }
  })
  return { entries, problems }
}

/** Writes a ring as the format above, one entry a line. */
export function formatHashRing(entries: readonly RingEntry[]): string {
  return entries.map((entry) => `${entry.label}:${entry.digest}`).join('\n')
}

/** Finds whose credential this is. */
export type RingLookup = (credential: string) => string | undefined

/**
 * Compiles a ring to a lookup that costs the same for one caller and for a million.
 *
 * The credential is hashed first and the map is keyed by the hash, so what timing could tell is about
 * SHA-256 outputs that nobody can steer; the final comparison is constant-time all the same.
 */
export function createRingLookup(entries: readonly RingEntry[]): RingLookup {
  const byDigest = new Map(entries.map(({ label, digest }) => [digest, { label, bytes: Buffer.from(digest, 'hex') }]))
  return (credential) => {
    const digest = hash('sha256', credential)
    const found = byDigest.get(digest)
    return found !== undefined && timingSafeEqual(found.bytes, Buffer.from(digest, 'hex')) ? found.label : undefined
  }
}
