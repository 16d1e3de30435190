import { hash } from 'node:crypto'
import { readClaims, type RingEntry } from '@postern/ports'
import { labelFault, labelInRing, nobody } from './ring-label.js'

/** Why an entry of a ring cannot be used. Never repeats the entry: it may be a credential that was pasted in plaintext. */
export interface RingProblem {
  /** Counted from 1. */
  readonly position: number
  readonly label?: string
  readonly reason: string
  readonly fix: string
}

/** The end of a credential behind its label: `agent@2026-12-01T12:00:00Z`, a time in UTC. */
const endPattern = /^(.+)@(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/

const labelFix = 'Write 1 to 256 characters that can be seen, with single spaces between them, before the colon: no { at the beginning.'

const digestPattern = /^[0-9a-f]{64}$/

/** SHA-256 of the word `test`, which the gateway's documentation prints as its example. */
export const exampleDigest = hash('sha256', 'test')

/** The usable entries of a ring, and the problems of the others. */
export interface ParsedRing {
  readonly entries: readonly RingEntry[]
  readonly problems: readonly RingProblem[]
}

/**
 * Reads a ring. Its text has one of three forms: entries `label:sha256hex` or `sha256hex`, separated by commas or newlines;
 * the word `nobody`, if no caller is in the ring; or a manifest, which is JSON with the same entries. The hash follows the last
 * colon, so a label may contain colons. A label that ends with `@` and a time, `agent@2026-12-01T12:00:00Z`, is a further credential of
 * the caller `agent`, which counts until then. Never throws: an entry that cannot be used, or a repeated label or hash, is a problem.
 *
 * The formats are those of the Free AI Gateway's `GATEWAY_API_KEY_HASHES` and of its helper script. That gateway silently
 * drops an entry that it cannot read, which locks a caller out without an explanation.
 */
export function parseHashRing(text: string): ParsedRing {
  if (text.trim() === nobody) return { entries: [], problems: [] }
  return checkEntries(isManifest(text) ? readManifest(text) : readText(text))
}

/** Whether the operator meant a ring without entries: its text is the word `nobody`, or a JSON manifest. */
export function isRingOfNobody(text: string): boolean {
  return text.trim() === nobody || (isManifest(text) && parseHashRing(text).entries.length === 0)
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

/** Blanks that are removed around an entry and its hash. Any other blank stays in the label, which is then refused. */
const blanks = /^[ \t\r]+|[ \t\r]+$/g

/** Whether a ring is written as a manifest. A text ring ends with a digit of a hash, and a manifest never does. */
export function isManifest(text: string): boolean {
  const trimmed = text.trim()
  return trimmed.startsWith('{') && !/[0-9a-f]$/i.test(trimmed)
}

/** If a manifest is not JSON, has a member twice or no list `entries`, returns one entry that cannot be used. */
function readManifest(text: string): readonly WrittenEntry[] {
  const unreadable = [{ label: undefined, digest: '' }]
  try {
    const { entries } = readClaims(Buffer.from(text)) as { readonly entries?: unknown }
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
    const fault = given === undefined ? undefined : labelFault(given)
    const report = (reason: string, fix: string): void => {
      // A label that is not a name may hold control characters, which would garble the message.
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
      report(`has a label that ${fault}`, labelFix)
    } else {
      const written = given ?? `sha256-${digest.slice(0, 12)}`
      const [, label = written, end] = endPattern.exec(written) ?? []
      const until = end === undefined ? undefined : Date.parse(end)
      const faultOfCaller = until === undefined ? undefined : labelFault(label)
      if (faultOfCaller !== undefined) report(`is of a caller whose label ${faultOfCaller}`, labelFix)
      // `Date.parse` takes the 31st of February for the third of March.
      else if (until !== undefined && labelInRing({ label, digest, until }) !== written)
        report('has an end that is no time of the calendar', 'Write a time such as 2026-12-01T12:00:00Z.')
      else if (labels.has(written)) report('has a label that stands in the ring already', 'Give each caller its own label.')
      else if (digests.has(digest)) report('has a hash that stands in the ring already', 'Give each caller its own credential.')
      else entries.push({ label, digest, ...(until === undefined ? {} : { until }), ...(createdAt === undefined ? {} : { createdAt }) })
      labels.add(written)
      digests.add(digest)
    }
  })
  return { entries, problems }
}
