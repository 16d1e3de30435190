import { isUtf8 } from 'node:buffer'

/** Claims that two readers could read differently, or not at all; the message is a phrase that goes on behind "it". */
export class UnreadableClaims extends Error {
  override readonly name = 'UnreadableClaims'
}

/** A string, what stands before its colon included; or what opens, ends or parts objects and lists; or a number. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]|-?\d[\d.eE+-]*/g

/**
 * Reads the JSON that says who somebody is, of a token or of the backend, in the one way in which it can be read.
 *
 * Bytes that are no UTF-8 would all become U+FFFD, so two people would have one name; of a member that stands twice one
 * reader takes the first and another the last. A number is taken where its digits are the whole of it: one that is
 * written otherwise (`7.0`, `9007199254740993`, `1e3`) is another text with the same value, and reads as an object, which is no name.
 *
 * @throws {UnreadableClaims}
 */
export function readClaims(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new UnreadableClaims('is not UTF-8')
  const text = bytes.toString('utf8')
  try {
    JSON.parse(text)
  } catch {
    // What a parser says of it repeats it.
    throw new UnreadableClaims('is not JSON')
  }
  refuseRepeated(text)
  return JSON.parse(text.replaceAll(token, (found) => (isOddNumber(found) ? noName : found)))
}

/** Stands for a number that is written oddly. A list or nothing could be taken for somebody without a name. */
const noName = '{}'

function isOddNumber(found: string): boolean {
  return /^[-\d]/.test(found) && String(Number(found)) !== found
}

/** A text of JSON, which is well-formed, has no object in which a member stands twice, at whatever depth. */
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
