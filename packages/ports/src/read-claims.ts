import { isUtf8 } from 'node:buffer'
import { hasRepeatedMember } from '@postern/protocol'

/** Claims that two parsers could read differently, or that are not JSON. The message is a phrase to follow "it". */
export class UnreadableClaims extends Error {
  override readonly name = 'UnreadableClaims'
}

/** A string or a number. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/**
 * Reads the JSON that names a user, from a token or from the backend. Refuses what two parsers could read differently.
 *
 * Bytes that are not UTF-8 are refused: all would become U+FFFD, so two users would get the same name. A repeated member is
 * refused: one parser takes the first, another the last. A number whose text is not how JavaScript writes its value (`7.0`,
 * `9007199254740993`, `1e3`) is read as an empty object, which is not a name.
 *
 * @throws {UnreadableClaims}
 */
export function readClaims(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new UnreadableClaims('is not UTF-8')
  const text = bytes.toString('utf8')
  try {
    JSON.parse(text)
  } catch {
    // The message of JSON.parse is not passed on: it repeats parts of the text.
    throw new UnreadableClaims('is not JSON')
  }
  if (hasRepeatedMember(text)) throw new UnreadableClaims('has a member that stands twice')
  return JSON.parse(text.replaceAll(stringOrNumber, (found) => (isOddNumber(found) ? noName : found)))
}

/** Replaces a number that is not in JavaScript's form. Not `null` or `[]`: `readClaim` takes those for a missing claim. */
const noName = '{}'

function isOddNumber(found: string): boolean {
  return /^[-\d]/.test(found) && String(Number(found)) !== found
}
