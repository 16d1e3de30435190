import { keyForms } from './key-forms.js'

/** The forms of secrets that are compared character by character. */
export interface OwnForms {
  /** How many of a text's last bytes, from `start` on, are the first of a form. */
  beginningAtEnd(text: Buffer, start: number): number
  /** Whether one of them stands in the text. */
  standIn(text: Buffer): boolean
}

/** The shortest form that is compared, in characters, but for a secret as it is: less than that stands in any text. */
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

/** How much of the needle's beginning the text ends in; the needle's length as soon as the whole of it is met. */
function match({ bytes, reading, borders }: Needle, text: Buffer, start: number): number {
  let matched = 0
  for (let at = start; at < text.length && matched < bytes.length; at += 1) {
    const byte = reading[text[at] as number] as number
    while (matched > 0 && bytes[matched] !== byte) matched = borders[matched - 1] as number
    if (bytes[matched] === byte) matched += 1
  }
  return matched
}

/** For each beginning of the needle the length of the longest beginning that it also ends in, itself excepted. */
function bordersOf(needle: Buffer): Uint32Array {
  const borders = new Uint32Array(needle.length)
  for (let at = 1, matched = 0; at < needle.length; at += 1) {
    while (matched > 0 && needle[matched] !== needle[at]) matched = borders[matched - 1] as number
    if (needle[matched] === needle[at]) matched += 1
    borders[at] = matched
  }
  return borders
}
