import type { RingEntry } from '@postern/ports'
import { nameFault } from '@postern/protocol'

/** The whole text of a ring without entries. An empty one is not believed: it may be a file that is being written. */
export const nobody = 'nobody'

/** Why a text cannot be a label: a text ring that begins with it would be read as a manifest. `undefined` if it can. */
export function labelFault(label: string): string | undefined {
  if (label.startsWith('{')) return 'begins with {, as a manifest does'
  return nameFault(label)
}

/** The label of an entry as the ring has it: with its end, if it has one. */
export function labelInRing({ label, until }: RingEntry): string {
  if (until === undefined) return label
  return `${label}@${Number.isNaN(until) ? 'never' : new Date(until).toISOString().replace(/\.\d+Z$/, 'Z')}`
}
