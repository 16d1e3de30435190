import { hash, timingSafeEqual } from 'node:crypto'
import { nameFault } from '@postern/protocol'

/** One server-side caller: a name and the SHA-256 of its credential. */
export interface RingEntry {
  readonly label: string
  /** 64 lower-case hexadecimal digits. */
  readonly digest: string
  /** ISO 8601, where a manifest says so. */
  readonly createdAt?: string
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

/** A ring as far as it can be used, and what cannot. */
export interface ParsedRing {
  readonly entries: readonly RingEntry[]
  readonly problems: readonly RingProblem[]
}

/**
 * Reads a ring: `label:sha256hex` or `sha256hex`, separated by commas or newlines; or a manifest, which is
 * the same as JSON. What follows the last colon is the hash, so labels may contain colons.
 *
 * The formats are those of the Free AI Gateway's `GATEWAY_API_KEY_HASHES` and of its helper. That gateway
 * drops an entry it cannot read without a word; here it is a problem, because a caller would be locked out
 * unexplained.
 */
export function parseHashRing(text: string): ParsedRing {
  return checkEntries(isManifest(text) ? readManifest(text) : readText(text))
}

/** An entry as it was written. */
interface WrittenEntry {
  readonly label: string | undefined
  readonly digest: string
  readonly createdAt?: string
}

function readText(text: string): readonly WrittenEntry[] {
  return text
    .split(/[,\n]/)
    .map((part) => part.replaceAll(blanks, ''))
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.lastIndexOf(':')
      return {
        label: colon === -1 ? undefined : part.slice(0, colon),
        digest: part
          .slice(colon + 1)
          .replaceAll(blanks, '')
          .toLowerCase(),
      }
    })
}

/** What may stand around an entry; other blanks would be part of a label, which has none. */
const blanks = /^[ \t\r]+|[ \t\r]+$/g

/** Whether a ring is written as a manifest. */
export function isManifest(text: string): boolean {
  return text.trimStart().startsWith('{')
}

/** A manifest that is no JSON, or has no entries, reads as one entry that cannot be used. */
function readManifest(text: string): readonly WrittenEntry[] {
  const unreadable = [{ label: undefined, digest: '' }]
  try {
    const { entries } = JSON.parse(text) as { readonly entries?: unknown }
    if (!Array.isArray(entries)) return unreadable
    return (entries as readonly Partial<Record<string, unknown>>[]).map((entry) => ({
      label: typeof entry?.['label'] === 'string' ? entry['label'] : '',
      digest: typeof entry?.['sha256'] === 'string' ? entry['sha256'].toLowerCase() : '',
      ...(typeof entry?.['created_at'] === 'string' ? { createdAt: entry['created_at'] } : {}),
    }))
  } catch {
    return unreadable
  }
}

function checkEntries(written: readonly WrittenEntry[]): ParsedRing {
  const entries: RingEntry[] = []
  const problems: RingProblem[] = []
  const labels = new Set<string>()
  const digests = new Set<string>()

  written.forEach(({ label: given, digest, createdAt }, index) => {
    const position = index + 1
    const fault = given === undefined ? undefined : nameFault(given)
    const report = (reason: string, fix: string): void => {
      // A label that is no name could not be read, or would shift what stands around it.
      problems.push({ position, ...(given === undefined || fault !== undefined ? {} : { label: given }), reason, fix })
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
    } else if (fault !== undefined) {
      report(`has a label that ${fault}`, 'Write 1 to 256 characters that can be seen, with single spaces between them, before the colon.')
    } else {
      const label = given ?? `sha256-${digest.slice(0, 12)}`
      if (labels.has(label)) report('has a label that stands in the ring already', 'Give each caller its own label.')
      else if (digests.has(digest)) report('has a hash that stands in the ring already', 'Give each caller its own credential.')
      else entries.push({ label, digest, ...(createdAt === undefined ? {} : { createdAt }) })
      labels.add(label)
      digests.add(digest)
    }
  })
  return { entries, problems }
}

/**
 * Writes a ring as the manifest that the Free AI Gateway's helper keeps beside it (`scripts/gateway-key-ring.mjs`):
 * hashes only, sorted by label.
 */
export function formatManifest(entries: readonly RingEntry[], now: Date): string {
  const sorted = entries.toSorted((left, right) => left.label.localeCompare(right.label))
  const manifest = {
    version: 1,
    updated_at: now.toISOString(),
    entries: sorted.map(({ label, digest, createdAt }) => ({ label, sha256: digest, created_at: createdAt ?? now.toISOString() })),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
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
