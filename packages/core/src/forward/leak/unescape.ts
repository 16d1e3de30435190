export const backslash = 0x5c
export const percent = 0x25

/** The first bytes of escapes: of JSON and of URLs. */
export const marks: readonly number[] = [backslash, percent]

/** How escapes are read: those of JSON, those of URLs, and those of JSON whatever stands in front of their backslash. */
export interface EscapeReading {
  readonly mark: number
  /**
   * JSON takes two backslashes for one that is meant, so behind an even number of them `u0041` is text. Who looks for what could be an
   * escape takes the last one for its beginning all the same: so does this reading.
   */
  readonly isLoose: boolean
}

export const escapeReadings: readonly EscapeReading[] = [
  { mark: backslash, isLoose: false },
  { mark: percent, isLoose: false },
  { mark: backslash, isLoose: true },
]

/** How many nested layers of escapes are decoded, of either kind: JSON that is quoted in JSON has two. */
export const maxLayers = 2

/** A text with its escapes decoded. */
export interface Unescaped {
  readonly bytes: Buffer
  /** The position of each byte in the text. */
  readonly from: Uint32Array
  /** Where an escape begins that the text's end cuts off; the text's end if there is none. */
  readonly cutAt: number
}

/** Stands for an escaped character that no key holds. It takes the character's place, so that the text around it is not joined. */
const nothing = 0

const twoBeforeU = Buffer.from('\\\\u')

/** Whether the loose reading of a whole text can differ from the strict one. */
export function mayBeLoose(text: Buffer): boolean {
  return text.includes(twoBeforeU)
}

/** So many backslashes in front of an escape at most are taken with it; of more, the first ones stay. */
const mostInFront = 4

/** How many backslashes follow each other from here on; more than {@link mostInFront} are one more. */
function countBackslashes(text: Buffer, at: number, end: number): number {
  let next = at
  while (next < end && next - at <= mostInFront && text[next] === backslash) next += 1
  return next - at
}

/** Decodes the escapes of JSON (RFC 8259, 7) or of URLs (RFC 3986, 2.1) between two positions; every other byte stays. */
export function unescape(text: Buffer, start: number, end: number, { mark, isLoose }: EscapeReading): Unescaped {
  const bytes = Buffer.allocUnsafe(end - start)
  const from = new Uint32Array(end - start)
  let length = 0
  let at = start
  while (at < end) {
    const byte = text[at] as number
    if (isLoose && byte === backslash) {
      const count = countBackslashes(text, at, end)
      const letter = at + count
      const isEscape = count <= mostInFront && text[letter] === letterU
      if (count <= mostInFront && (letter >= end || (isEscape && letter + 5 > end))) break
      const value = isEscape ? readHex(text, letter + 1, letter + 5) : -1
      if (value >= 0 || count > mostInFront) {
        from[length] = at
        bytes[length] = value < 0 ? byte : value < 0x80 ? value : nothing
        length += 1
        at = value < 0 ? at + 1 : letter + 5
        continue
      }
    }
    const size = byte === mark ? (mark === percent ? 3 : text[at + 1] === letterU ? 6 : 2) : 1
    if (at + size > end) break
    const value = size === 1 ? byte : size === 2 ? short(text[at + 1] as number) : readHex(text, at + (size === 3 ? 1 : 2), at + size)
    from[length] = at
    // A mark without digits behind it, as in `50% off`, is no escape and stays.
    bytes[length] = value < 0 ? byte : value < 0x80 ? value : nothing
    length += 1
    at += value < 0 ? 1 : size
  }
  return { bytes: bytes.subarray(0, length), from, cutAt: at }
}

const letterU = 0x75

/** `\/`, `\"` and `\\` mean their second character; other short escapes mean control characters, which no key holds. */
function short(byte: number): number {
  return byte === 0x2f || byte === 0x22 || byte === backslash ? byte : nothing
}

/** The value of hexadecimal digits; negative if a byte is not a digit. */
function readHex(text: Buffer, start: number, end: number): number {
  let value = 0
  for (let index = start; index < end; index += 1) value = value * 16 + (digits[text[index] as number] as number)
  return value
}

/** The value of each hexadecimal digit; for any other byte a number so low that every sum with it is negative. */
const digits = new Int32Array(256).fill(-0x10_0000)
for (let digit = 0; digit < 16; digit += 1) {
  digits[digit.toString(16).charCodeAt(0)] = digit
  digits[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}
