import { keyForms } from './key-forms.js'

/** All forms of a lease's own secrets, for a search that also finds short secrets and beginnings. */
export interface OwnForms {
  /** How many bytes at the end of a text, from `start` on, are the beginning of a form. */
  beginningAtEnd(text: Buffer, start: number): number
  /** Whether the text holds one of the forms. */
  standIn(text: Buffer): boolean
}

/** Minimum length of a base64 or hexadecimal form, in characters: a shorter one occurs by chance. */
const shortestForm = 8

interface Needle {
  readonly bytes: Buffer
  readonly reading: Uint8Array
  readonly borders: Uint32Array
}

/** Compiles the forms of one lease's secrets. Each is matched in one pass (Knuth, Morris and Pratt). */
export function createOwnForms(secrets: readonly string[]): OwnForms {
  const needles = secrets.flatMap((secret) =>
    keyForms
      .map(({ spell, reading }): Needle => {
        const bytes = Buffer.from(spell(secret), 'latin1')
        return { bytes, reading, borders: bordersOf(bytes) }
      })
      .filter(({ bytes }, form) => form === 0 || bytes.length >= shortestForm),
  )
  return {
    beginningAtEnd: (text, start) =>
      needles.reduce(
        (longest, needle) => Math.max(longest, match(needle, text, Math.max(start, text.length - needle.bytes.length + 1))),
        0,
      ),
    standIn: (text) => needles.some((needle) => match(needle, text, 0) === needle.bytes.length),
  }
}

/** How many bytes of the needle's beginning the text ends with; the needle's length if the text holds the whole needle. */
function match({ bytes, reading, borders }: Needle, text: Buffer, start: number): number {
  let matched = 0
  for (let at = start; at < text.length && matched < bytes.length; at += 1) {
    const byte = reading[text[at] as number] as number
    while (matched > 0 && bytes[matched] !== byte) matched = borders[matched - 1] as number
    if (bytes[matched] === byte) matched += 1
  }
  return matched
}

/** The failure function of Knuth, Morris and Pratt: for each prefix the length of its longest proper prefix that is also its suffix. */
function bordersOf(needle: Buffer): Uint32Array {
  const borders = new Uint32Array(needle.length)
  for (let at = 1, matched = 0; at < needle.length; at += 1) {
    while (matched > 0 && needle[matched] !== needle[at]) matched = borders[matched - 1] as number
    if (needle[matched] === needle[at]) matched += 1
    borders[at] = matched
  }
  return borders
}
