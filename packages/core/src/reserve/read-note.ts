import type { KeptCount, LedgerEntry } from '@postern/ports'

/**
 * Reads an entry that a process has left in the store, of this version or of another.
 *
 * @returns `undefined` if the text is none.
 */
export function readNote(text: string): (LedgerEntry & { readonly counted?: readonly KeptCount[] }) | undefined {
  try {
    const entry = JSON.parse(text) as Partial<LedgerEntry> | null
    const isEntry =
      typeof entry?.request_id === 'string' &&
      typeof entry.time === 'string' &&
      typeof entry.finish === 'string' &&
      entry.attempt !== undefined
    return isEntry ? (entry as LedgerEntry) : undefined
  } catch {
    return undefined
  }
}
