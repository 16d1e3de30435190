import type { RingEntry } from '@postern/ports'
import { labelFault, labelInRing, nobody } from './ring-label.js'

/**
 * Writes a ring as the manifest of the Free AI Gateway's helper script (`scripts/gateway-key-ring.mjs`): JSON with hashes
 * only, sorted by the code units of the labels, as in every locale.
 *
 * @param now `updated_at` of the manifest, and `created_at` of entries without one.
 * @throws {TypeError} if a label could not be read back.
 */
export function formatManifest(entries: readonly RingEntry[], now: Date): string {
  checkLabels(entries)
  const sorted = entries.toSorted((left, right) => (labelInRing(left) < labelInRing(right) ? -1 : 1))
  const manifest = {
    version: 1,
    updated_at: now.toISOString(),
    entries: sorted.map((entry) => ({
      label: labelInRing(entry),
      sha256: entry.digest,
      created_at: entry.createdAt ?? now.toISOString(),
    })),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/**
 * Writes a ring in the text format that `parseHashRing` reads, one `label:sha256hex` per line. A ring without entries is
 * written as the word `nobody`: `parseHashRing` reads that word as a ring without entries, and refuses an empty text, which may be a file that
 * is half written.
 *
 * @throws {TypeError} if a label could not be read back.
 */
export function formatHashRing(entries: readonly RingEntry[]): string {
  checkLabels(entries)
  // Only a manifest can hold a comma: in a text it ends the entry.
  const at = entries.findIndex(({ label }) => label.includes(','))
  if (at !== -1) throw new TypeError(`Entry ${at + 1} of the ring has a label that holds a comma: write the ring as a manifest.`)
  return entries.length === 0 ? nobody : entries.map((entry) => `${labelInRing(entry)}:${entry.digest}`).join('\n')
}

/** @throws {TypeError} if an entry has a label with which the ring could not be read back. */
function checkLabels(entries: readonly RingEntry[]): void {
  for (const [index, entry] of entries.entries()) {
    const fault = labelFault(entry.label) ?? labelFault(labelInRing(entry))
    if (fault !== undefined) throw new TypeError(`Entry ${index + 1} of the ring has a label that ${fault}.`)
  }
}
