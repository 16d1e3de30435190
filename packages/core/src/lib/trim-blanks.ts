const space = 0x20
const tab = 0x09

/**
 * A text without the blanks of HTTP around it (RFC 9110, 5.6.3); any other blank is part of the text. Takes as long as
 * the text is, which an expression for its end does not.
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
