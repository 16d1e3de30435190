/** Whatever its structure, a text of so many bytes is parsed within one turn of the event loop. */
const alwaysParsed = 128 * 1024

/** Up to so many bytes, only what costs most of each byte is counted: objects, lists and members. Embeddings are lists of numbers, which cost little. */
const largeBytes = 1024 * 1024

/** The most that a text may have of each mark. An image has few: it is one long text. */
const mostMarks = { ofStructure: 30_000, ofEveryKind: 50_000 }

const structure = marksOf('[{:')
const values = marksOf(',\\')

/**
 * Whether a JSON text may be parsed in one turn. What parsing costs goes by the values in it: sixteen mebibytes of one
 * image take milliseconds, and as much of empty lists seconds.
 */
export function mayParse(bytes: Buffer, start = 0, end = bytes.length): boolean {
  const length = end - start
  if (length <= alwaysParsed) return true
  const text = bytes.subarray(start, end)
  if (!structure.every((mark) => isRare(text, mark, mostMarks.ofStructure))) return false
  return length <= largeBytes || values.every((mark) => isRare(text, mark, mostMarks.ofEveryKind))
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
