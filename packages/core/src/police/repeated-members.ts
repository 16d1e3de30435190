import { Refusal } from '../refusal.js'

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/**
 * Where policy looks at members of any depth, none may stand twice in one object: a parser that takes the first would
 * see another than this process, which takes the last. One walk along the text, which is well-formed.
 *
 * @throws {Refusal} 400 `request_malformed`.
 */
export function refuseRepeatedMembers(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index)
    if (character === quote) {
      const end = endOfString(text, index)
      const names = open[open.length - 1]
      if (names !== undefined && isName(text, end)) addName(names, text.slice(index, end + 1))
      index = end
    } else if (character === 0x7b) open.push(new Set())
    else if (character === 0x5b) open.push(undefined)
    else if (character === 0x7d || character === 0x5d) open.pop()
  }
}

function addName(names: Set<string>, written: string): void {
  const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1)
  if (names.has(name))
    throw new Refusal('request_malformed', { message: `The member "${name.slice(0, 64)}" stands more than once in one object.` })
  names.add(name)
}

/** Whether a colon follows the string that ends here. */
function isName(text: string, end: number): boolean {
  let after = end + 1
  while (text.charCodeAt(after) <= 0x20) after += 1
  return text.charCodeAt(after) === colon
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

/** Whether an odd number of backslashes stands before the position. */
function isEscaped(text: string, position: number): boolean {
  let before = position - 1
  while (text.charCodeAt(before) === backslash) before -= 1
  return (position - before) % 2 === 0
}
