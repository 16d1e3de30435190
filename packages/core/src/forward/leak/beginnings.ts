import { keyForms } from './key-forms.js'

/** Says how many of a text's last bytes are the first of a secret, in any of its forms. */
export interface Beginnings {
  atEnd(text: Buffer, start: number): number
}

/** The shortest form that is waited for or searched by itself, in characters: less than that stands in any text. */
export const shortestForm = 8

/** Compiles the forms of one lease's secrets. Each is matched in one pass (Knuth, Morris and Pratt). */
export function createBeginnings(secrets: readonly string[]): Beginnings {
  const needles = secrets.flatMap((secret) =>
    keyForms
      .map(({ spell, reading }, form) => ({ needle: Buffer.from(spell(secret), 'latin1'), reading, form }))
      .filter(({ needle, form }) => form === 0 || needle.length >= shortestForm)
      .map(({ needle, reading }) => ({ needle, reading, borders: bordersOf(needle) })),
  )
  return {
    atEnd(text, start) {
      let longest = 0
      for (const { needle, reading, borders } of needles) {
        let matched = 0
        for (let at = Math.max(start, text.length - needle.length + 1); at < text.length; at += 1) {
          const byte = reading[text[at] as number] as number
          while (matched > 0 && needle[matched] !== byte) matched = borders[matched - 1] as number
          if (needle[matched] === byte) matched += 1
        }
        longest = Math.max(longest, matched)
      }
      return longest
    },
  }
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
