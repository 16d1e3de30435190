/** What is not seen: blanks, control characters, marks of direction, and what fonts leave out. */
const unseen = /^[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]$/u

/** The next character that is seen: `exec` passes over the others faster than a loop. */
const nextSeen = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu

function isUnseen(code: number): boolean {
  if (code > 0x20 && code < 0x7f) return false
  return code <= 0xa0 || unseen.test(String.fromCodePoint(code))
}

const widthOf = (code: number): number => (code > 0xffff ? 2 : 1)

/** Removes what is not seen from both ends, as every reader does for some of it. Goes through it once. */
export function trimUnseen(text: string): string {
  let start = 0
  for (let code; start < text.length && isUnseen((code = text.codePointAt(start) as number)); ) start += widthOf(code)
  let end = text.length
  while (end > start) {
    const isPair = end - start > 1 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(end - 2, end))
    const width = isPair ? 2 : 1
    if (!isUnseen(text.codePointAt(end - width) as number)) break
    end -= width
  }
  return text.slice(start, end)
}

/** The first characters that are seen, `most` of them at most. */
export function firstSeen(text: string, most: number): string {
  let seen = ''
  nextSeen.lastIndex = 0
  while (seen.length < most) {
    const [character] = nextSeen.exec(text) ?? []
    if (character === undefined) break
    seen += character
  }
  return seen
}

/** How much of a text is looked at together from its end, in characters. */
const stretch = 64 * 1024

/** The last characters that are seen, `most` of them at most, however many that are not seen stand between them. */
export function lastSeen(text: string, most: number): string {
  let seen = ''
  for (let end = text.length; end > 0 && seen.length < most; ) {
    const start = Math.max(0, end - stretch)
    // Half of a character would count as one that is not seen.
    const whole = start > 0 && isSecondHalf(text.charCodeAt(start)) ? start - 1 : start
    seen = firstSeen(text.slice(whole, end), end - whole) + seen
    end = whole
  }
  return seen.slice(-most)
}

function isSecondHalf(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
