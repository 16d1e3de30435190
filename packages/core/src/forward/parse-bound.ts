/** Whatever its structure, a text of so many bytes is parsed within one turn of the event loop. */
const alwaysParsed = 1024 * 1024

/** The most members, brackets and escapes, each, of a larger one. An image has few: it is one long text. */
const mostMarks = 50_000

const marks = [',', '[', '{', '\\'].map((mark) => mark.charCodeAt(0))

/**
 * Whether an event may be parsed in one turn. What parsing costs goes by the values in it: sixteen mebibytes of one image
 * take milliseconds, and as much of empty lists seconds.
 */
export function mayParse(bytes: Buffer, start: number, end: number): boolean {
  if (end - start <= alwaysParsed) return true
  const event = bytes.subarray(start, end)
  return marks.every((mark) => isRare(event, mark))
}

function isRare(event: Buffer, mark: number): boolean {
  let count = 0
  for (let at = event.indexOf(mark); at !== -1; at = event.indexOf(mark, at + 1)) {
    count += 1
    if (count > mostMarks) return false
  }
  return true
}
