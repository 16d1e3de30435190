import { type KeptCount, maxNoteBytes } from '@postern/ports'

/**
 * Writes what a call counts as into its note.
 *
 * @param note An object as JSON.
 * @returns `undefined` if the note would be too long.
 */
export function addCounted(note: string, counted: readonly KeptCount[] | undefined): string | undefined {
  if (counted === undefined || counted.length === 0) return note
  const text = `${note.slice(0, -1)},"counted":${JSON.stringify(counted)}}`
  return Buffer.byteLength(text) > maxNoteBytes ? undefined : text
}
