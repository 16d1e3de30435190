import { keyForms, shortestSearched } from './key-forms.js'

/** All forms of a lease's own secrets, for a search that also finds short secrets and beginnings. */
export interface OwnForms {
  /** Whether the text holds one of the forms. */
  standIn(text: Buffer): boolean
  /** Begins to read a text that arrives in pieces. */
  follow(): Follower
}

/** Reads on in a text that arrives in pieces. */
export interface Follower {
  /** Returns whether one of the forms ends in the piece. Of a secret that `KeySearch` finds, a form within a long piece may be missed. */
  read(piece: Buffer): boolean
  /** How many characters at the end of the text are the beginning of a form. */
  readonly open: number
}

/** Minimum length of a base64 or hexadecimal form, in characters: a shorter one occurs by chance. */
const shortestForm = 8

interface Needle {
  readonly bytes: Buffer
  /** Whether `KeySearch` finds it as well. */
  readonly isSearched: boolean
  readonly reading: Uint8Array
  readonly borders: Uint16Array
}

/** Compiles the forms of one lease's secrets. Each is matched in one pass (Knuth, Morris and Pratt). */
export function createOwnForms(secrets: readonly string[]): OwnForms {
  const needles = secrets.flatMap((secret) =>
    keyForms
      .map(({ spell, reading }): Needle => {
        const bytes = Buffer.from(spell(secret), 'latin1')
        return { bytes, reading, borders: bordersOf(bytes), isSearched: secret.length >= shortestSearched }
      })
      .filter(({ bytes }, form) => form === 0 || bytes.length >= shortestForm),
  )
  return {
    standIn: (text) => needles.some((needle) => match(needle, text, 0, 0) === needle.bytes.length),
    follow: () => new FormsFollower(needles),
  }
}

class FormsFollower implements Follower {
  readonly #needles: readonly Needle[]
  readonly #matched: number[]
  open = 0

  constructor(needles: readonly Needle[]) {
    this.#needles = needles
    this.#matched = needles.map(() => 0)
  }

  read(piece: Buffer): boolean {
    this.open = 0
    for (let index = 0; index < this.#needles.length; index += 1) {
      const needle = this.#needles[index] as Needle
      // Of a piece that is longer than the form only the end can be its beginning.
      const start = needle.isSearched ? Math.max(0, piece.length - needle.bytes.length + 1) : 0
      const matched = match(needle, piece, start, start === 0 ? (this.#matched[index] as number) : 0)
      this.#matched[index] = matched
      if (matched === needle.bytes.length) return true
      if (matched > this.open) this.open = matched
    }
    return false
  }
}

/**
 * How many bytes of the needle's beginning the text ends with; the needle's length if the text holds the whole needle.
 *
 * @param matched How many the text in front ends with.
 */
function match({ bytes, reading, borders }: Needle, text: Buffer, start: number, matched: number): number {
  let length = matched
  for (let at = start; at < text.length && length < bytes.length; at += 1) {
    const byte = reading[text[at] as number] as number
    while (length > 0 && bytes[length] !== byte) length = borders[length - 1] as number
    if (bytes[length] === byte) length += 1
  }
  return length
}

/** The failure function of Knuth, Morris and Pratt: for each prefix the length of its longest proper prefix that is also its suffix. */
function bordersOf(needle: Buffer): Uint16Array {
  // A form has a few thousand characters at most.
  const borders = new Uint16Array(needle.length)
  for (let at = 1, matched = 0; at < needle.length; at += 1) {
    while (matched > 0 && needle[matched] !== needle[at]) matched = borders[matched - 1] as number
    if (needle[matched] === needle[at]) matched += 1
    borders[at] = matched
  }
  return borders
}
