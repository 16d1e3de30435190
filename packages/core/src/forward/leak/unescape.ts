import { backslash, type EscapeReading, percent } from './escape-readings.js'
import { nothing, readHex, short } from './escaped-values.js'

/** A text with its escapes decoded. */
export interface Unescaped {
  readonly bytes: Buffer
  /** The position of each byte in the text. */
  readonly from: Uint32Array
  /** Where an escape begins that the text's end cuts off; the text's end if there is none. */
  readonly cutAt: number
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
    // The backslashes in front of an escape go with it. What is neither an escape nor too many of them is read strictly.
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
