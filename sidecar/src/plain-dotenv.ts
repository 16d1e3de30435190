/** What a byte of a line may be. */
const inName = 1
const beginsName = 2
const inValue = 4
const inComment = 8

const kinds = new Uint8Array(256)
for (let byte = 0x20; byte < 0x7f; byte += 1) kinds[byte] = inComment
kinds[0x09] = inComment
mark('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_', inName | beginsName | inValue)
mark('0123456789', inName | inValue)
mark('-+/=.,:;@~!*', inValue)

function mark(characters: string, kind: number): void {
  for (const character of characters) {
    const byte = character.charCodeAt(0)
    kinds[byte] = (kinds[byte] as number) | kind
  }
}

const lineFeed = 0x0a
const equals = 0x3d
const numberSign = 0x23

/**
 * Reads a `.env` in which each line is empty, a comment at its left edge, or `NAME=value` without quotes, spaces and escapes, as a file with
 * 100,000 keys mostly is. Each value is a text of its own and keeps nothing else in memory.
 *
 * @returns `undefined` if a line is written in another way: then the library must read the whole file.
 */
export function readPlainDotenv(bytes: Buffer): Record<string, string> | undefined {
  const variables: Record<string, string> = {}
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at] as number
    if (first === lineFeed) {
      at += 1
      continue
    }
    if (first === numberSign) {
      at = endOf(bytes, at, inComment)
    } else {
      if (((kinds[first] as number) & beginsName) === 0) return undefined
      const endOfName = endOf(bytes, at, inName)
      if (bytes[endOfName] !== equals) return undefined
      const end = endOf(bytes, endOfName + 1, inValue)
      const name = bytes.toString('latin1', at, endOfName)
      if (name === '__proto__') return undefined
      variables[name] = bytes.toString('latin1', endOfName + 1, end)
      at = end
    }
    if (at < bytes.length && bytes[at] !== lineFeed) return undefined
    at += 1
  }
  return variables
}

function endOf(bytes: Buffer, start: number, kind: number): number {
  let at = start
  while (at < bytes.length && ((kinds[bytes[at] as number] as number) & kind) !== 0) at += 1
  return at
}
