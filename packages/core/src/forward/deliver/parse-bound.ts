/** A text up to this size is always parsed in one turn of the event loop, in bytes. */
const alwaysParsed = 128 * 1024

/** Up to this size only objects, lists and members are counted, in bytes: numbers, as in embeddings, cost little. */
const largeBytes = 1024 * 1024

/** How often each character may occur. An image has few of them: it is one long text. */
const maxMarks = { ofStructure: 30_000, ofEveryKind: 50_000 }

const structure = marksOf('[{:')
const values = marksOf(',\\')

/**
 * Whether a JSON text may be parsed in one turn of the event loop. The cost depends on the number of values: 16 MiB of one
 * image take milliseconds, 16 MiB of empty lists take seconds.
 */
export function mayParse(bytes: Buffer, start = 0, end = bytes.length): boolean {
  const length = end - start
  if (length <= alwaysParsed) return true
  const text = bytes.subarray(start, end)
  if (!structure.every((mark) => isRare(text, mark, maxMarks.ofStructure))) return false
  return length <= largeBytes || values.every((mark) => isRare(text, mark, maxMarks.ofEveryKind))
}

function marksOf(marks: string): readonly number[] {
  return Array.from(marks, (mark) => mark.charCodeAt(0))
}

function isRare(text: Buffer, mark: number, most: number): boolean {
  let count = 0
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) {
    count += 1
    if (count > most) return false
  }
  return true
}
