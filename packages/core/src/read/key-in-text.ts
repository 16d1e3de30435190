/** Maximum length of a key, in characters: the heads of HTTP requests have room for no longer one. */
const maxKeyChars = 4096

/** Minimum length for a dialect's key pattern, in characters: it matches the beginning of a key, and thus short words too. */
const minPatternChars = 16

/** Whether a text as a whole, without the blanks around it, has the form of the gateway's keys. */
export function isKey(text: string, keyPattern: RegExp | undefined): boolean {
  if (keyPattern === undefined || text.length < minPatternChars) return false
  const bare = text.trim()
  return bare.length <= maxKeyChars && keyPattern.test(bare)
}

/** The longest stretch of a text that is searched at once, in characters. */
const stretchChars = 8192

/** A stretch of a text that can be searched alone. */
export interface Stretch {
  /** The index behind it. */
  readonly end: number
  /**
   * Whether it is packed data, such as an image in Base64: an unbroken row of characters that is longer than any key. By
   * chance it may hold the form of a key; nobody can use a part of such a row as a key.
   */
  readonly isData: boolean
}

/**
 * Finds the next stretch of a text: it ends before a character that is in no key, so that no key lies in two stretches.
 *
 * @param from The end of the stretch before; 0 for the first.
 */
export function nextStretch(text: string, from: number): Stretch {
  const most = Math.min(text.length, from + stretchChars)
  // Only behind a stretch of data does the next one begin in a row of characters: that row is passed over to its end.
  if (from > 0 && isInRow(text, from)) {
    let end = from
    while (end < most && isInRow(text, end)) end += 1
    return { end, isData: true }
  }
  if (most === text.length) return { end: most, isData: false }
  let end = most
  while (end > from && isInRow(text, end)) end -= 1
  return end > from ? { end, isData: false } : { end: most, isData: true }
}

/** Whether the character is in keys, or in the alphabets of Base64: a letter or digit of ASCII, `-`, `_`, `+` or `/`. */
function isInRow(text: string, index: number): boolean {
  const character = text.charCodeAt(index)
  return (
    (character >= 0x61 && character <= 0x7a) ||
    (character >= 0x41 && character <= 0x5a) ||
    (character >= 0x2f && character <= 0x39) ||
    character === 0x2d ||
    character === 0x5f ||
    character === 0x2b
  )
}
