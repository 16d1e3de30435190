import { isUtf8 } from 'node:buffer'

/** Claims that two parsers could read differently, or that are not JSON. The message is a phrase to follow "it". */
export class UnreadableClaims extends Error {
  override readonly name = 'UnreadableClaims'
}

/** A string, with the colon behind it if it is a member's name; or a brace or bracket; or a number. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]|-?\d[\d.eE+-]*/g

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
  refuseRepeated(text)
  return JSON.parse(text.replaceAll(token, (found) => (isOddNumber(found) ? noName : found)))
}

/** Replaces a number that is not in JavaScript's form. Not `null` or `[]`: `readClaim` takes those for a missing claim. */
const noName = '{}'

function isOddNumber(found: string): boolean {
  return /^[-\d]/.test(found) && String(Number(found)) !== found
}

/** Refuses a repeated member in any object, at any depth. The text must be well-formed JSON. */
function refuseRepeated(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (const [found, colon] of text.matchAll(token)) {
    if (found === '{') open.push(new Set())
    else if (found === '[') open.push(undefined)
    else if (found === '}' || found === ']') open.pop()
    else if (colon !== undefined) {
      const name = JSON.parse(found.slice(0, -colon.length)) as string
      const members = open.at(-1)
      if (members?.has(name) === true) throw new UnreadableClaims('has a member that stands twice')
      members?.add(name)
    }
  }
}
