/** The entries of `keys` or `bindings` that were read. */
export interface PlainLines {
  readonly value: object
  /** Where they end. */
  readonly end: number
}

/** What a character is in a text that stands without quotes. */
const begins = 1
const follows = 2

const kinds = new Uint8Array(128)
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/') kinds[character.charCodeAt(0)] = begins | follows
for (const character of '0123456789_.-') kinds[character.charCodeAt(0)] = follows

const maxTextChars = 256

/** Words of YAML, which are no texts. */
const words = ['null', 'Null', 'NULL', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE'] as const
const beginsOfWords = new Set(words.map((word) => word.charCodeAt(0)))
const inWord = /\w/

const emptyLines = /(?: *(?:#.*)?\n)+/y
const space = 0x20
const lineFeed = 0x0a
const numberSign = 0x23

/**
 * Reads entries that stand on a line of their own in the usual way, one pass over their characters.
 *
 * @param whole The text of the configuration.
 * @param start Where the line behind `keys:` or `bindings:` begins.
 * @returns `undefined` if an entry is written in another way, or if there is none.
 */
export function readPlainLines(whole: string, start: number, kind: 'keys' | 'bindings'): PlainLines | undefined {
  const reader = new LineReader(whole, start)
  const keys: Record<string, unknown> = {}
  const bindings: unknown[] = []
  let indent: number | undefined
  for (;;) {
    const spaces = reader.skipToEntry()
    const isEntry = spaces > 0 && (kind === 'keys' ? reader.readKey(keys) : reader.readBinding(bindings))
    if (isEntry === undefined) return undefined
    if (!isEntry) break
    indent ??= spaces
    if (spaces !== indent) return undefined
  }
  const { end } = reader
  // Only a line that begins at the left ends the entries.
  if (indent === undefined || /[\s-]/.test(whole[end] ?? '')) return undefined
  return { value: kind === 'keys' ? keys : bindings, end }
}

/** Goes along the lines of a text. */
class LineReader {
  readonly #whole: string
  #at: number
  /** Where the entries end that were read. */
  end: number
  /** The gateway of the last key: the next one mostly has the same. */
  #gateway = ''

  constructor(whole: string, start: number) {
    this.#whole = whole
    this.#at = start
    this.end = start
  }

  /** Goes to the next entry, behind empty lines and comments, and returns how many spaces stand before it. */
  skipToEntry(): number {
    for (;;) {
      let at = this.end
      while (this.#whole.charCodeAt(at) === space) at += 1
      const code = this.#whole.charCodeAt(at)
      emptyLines.lastIndex = this.end
      if ((code === lineFeed || code === numberSign) && emptyLines.test(this.#whole)) this.end = emptyLines.lastIndex
      else {
        this.#at = at
        return at - this.end
      }
    }
  }

  /** @returns Whether a key stands here; `undefined`: it stands there a second time. */
  readKey(keys: Record<string, unknown>): boolean | undefined {
    const alias = this.#text()
    if (alias === undefined || !this.#skip(': { gateway: ')) return false
    const gateway = this.#sameGateway() ?? this.#text()
    if (gateway === undefined || !this.#skip(', secret: { ')) return false
    this.#gateway = gateway
    const isVariable = this.#skip('env: ')
    if (!isVariable && !this.#skip('file: ')) return false
    const name = this.#text()
    if (name === undefined || !this.#skip(' } }\n')) return false
    if (Object.hasOwn(keys, alias)) return undefined
    keys[alias] = { gateway, secret: isVariable ? { env: name } : { file: name } }
    this.end = this.#at
    return true
  }

  /** @returns Whether a binding stands here; `undefined`: it names a field twice. */
  readBinding(bindings: unknown[]): boolean | undefined {
    if (!this.#skip('- { ')) return false
    const first = this.#field()
    const one = first === undefined ? undefined : this.#text()
    if (first === undefined || one === undefined || !this.#skip(', ')) return false
    const second = this.#field()
    const other = second === undefined ? undefined : this.#text()
    if (second === undefined || other === undefined || !this.#skip(' }\n')) return false
    if (first === second) return undefined
    bindings.push(first === 'user' && second === 'key' ? { user: one, key: other } : { [first]: one, [second]: other })
    this.end = this.#at
    return true
  }

  #field(): 'user' | 'team' | 'project' | 'key' | undefined {
    if (this.#skip('user: ')) return 'user'
    if (this.#skip('key: ')) return 'key'
    if (this.#skip('team: ')) return 'team'
    return this.#skip('project: ') ? 'project' : undefined
  }

  #skip(what: string): boolean {
    if (!this.#whole.startsWith(what, this.#at)) return false
    this.#at += what.length
    return true
  }

  #sameGateway(): string | undefined {
    const end = this.#at + this.#gateway.length
    if (this.#gateway === '' || this.#whole[end] !== ',' || !this.#whole.startsWith(this.#gateway, this.#at)) return undefined
    this.#at = end
    return this.#gateway
  }

  /**
   * Reads a text without quotes, if YAML takes it for a string: the text has no character with a meaning in YAML, does not begin like a number,
   * and is none of the words that YAML takes for another value, such as `true` or `null`.
   */
  #text(): string | undefined {
    const whole = this.#whole
    const start = this.#at
    const first = whole.charCodeAt(start)
    if (!(first < 128) || ((kinds[first] as number) & begins) === 0) return undefined
    let end = start + 1
    for (let code = whole.charCodeAt(end); code < 128 && kinds[code] !== 0; code = whole.charCodeAt(end)) end += 1
    if (end - start > maxTextChars) return undefined
    if (beginsOfWords.has(first) && words.some((word) => whole.startsWith(word, start) && !inWord.test(whole[start + word.length] ?? '')))
      return undefined
    this.#at = end
    return whole.slice(start, end)
  }
}
