const space = 0x20
const tab = 0x09

/**
 * Removes spaces and tabs, the blanks of HTTP (RFC 9110, 5.6.3), from both ends; no other blank. Takes linear time, while a
 * regular expression for the end may take quadratic time.
 */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(character: number): boolean {
  return character === space || character === tab
}
