import { Tail } from '../../lib/tail.js'
import { endOfValue } from '../../lib/json-members.js'
import { parseJson } from './parse-json.js'

/** How many bytes at the end of a large answer are searched: token counts are a few hundred bytes, and some gateways add as many. */
const maxTailBytes = 64 * 1024

/**
 * Reads members of the outermost object of a JSON answer that is passed on as it arrives: those that begin within its last bytes, where
 * servers write the token counts.
 */
export class LastMembers {
  readonly #names: readonly string[]
  readonly #tail = new Tail(maxTailBytes)

  /** @param names The members that are read. */
  constructor(names: readonly string[]) {
    this.#names = names
  }

  hear(piece: Buffer): void {
    this.#tail.append(piece)
  }

  /** The members that were found, as an object; `undefined` if none was. Takes time linear in the bytes that are searched. */
  read(): object | undefined {
    const text = this.#tail.text().trimEnd()
    const found = this.#names.flatMap((name) => {
      const value = outermostValue(text, name)
      return value === undefined ? [] : [[name, value] as const]
    })
    return found.length === 0 ? undefined : Object.fromEntries(found)
  }
}

/** The value of the last member of this name, if only members of the outermost object follow. */
function outermostValue(text: string, name: string): unknown {
  const written = JSON.stringify(name)
  const at = text.lastIndexOf(written)
  if (at === -1 || text.charCodeAt(at - 1) === backslash) return undefined
  const colon = /^\s{0,16}:\s{0,16}/.exec(text.slice(at + written.length, at + written.length + 33))
  if (colon === null) return undefined
  const start = at + written.length + colon[0].length
  const end = endOfValue(text, start)
  return closesOutermost(text, end) ? parseJson(text.slice(start, end)) : undefined
}

/** Whether what follows ends one object, and that with the last character. */
function closesOutermost(text: string, from: number): boolean {
  let at = from
  while (at < text.length) {
    const character = text[at]
    if (character === '}') return at === text.length - 1
    // Names and values alike: each is passed over whole.
    at = character === ',' || character === ':' || blank.test(character as string) ? at + 1 : endOfValue(text, at)
    if (character === ']') return false
  }
  return false
}

const backslash = 0x5c
const blank = /\s/
