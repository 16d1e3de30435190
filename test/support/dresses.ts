/**
 * A way to write a secret. `of` returns only those characters that depend on the secret alone, so that a part of it
 * can be searched.
 */
export interface Dress {
  readonly name: string
  readonly of: (secret: string) => string
  /** What a gateway would write, if that is more. */
  readonly whole?: (secret: string) => string
}

const hexOf = (character: string): string => character.charCodeAt(0).toString(16).padStart(2, '0')
const each = (secret: string, spell: (character: string, index: number) => string): string => Array.from(secret, spell).join('')

/** Mixes the case: `4A6b`. */
const mixedCase = (text: string): string => each(text, (character, index) => (index % 3 === 1 ? character.toUpperCase() : character))

function base64(offset: number, encoding: 'base64' | 'base64url'): Omit<Dress, 'name'> {
  return {
    whole: (secret) => Buffer.from(`${'Tu:'.slice(0, offset)}${secret}@x`).toString(encoding),
    of(secret) {
      const whole = Buffer.from(`${'Tu:'.slice(0, offset)}${secret}`)
      return whole.toString(encoding).slice(offset === 0 ? 0 : offset + 1, Math.floor((whole.length * 8) / 6))
    },
  }
}

export const dresses: readonly Dress[] = [
  { name: 'raw', of: (secret) => secret },
  { name: 'escapes of JSON throughout', of: (secret) => each(secret, (character) => `\\u00${hexOf(character)}`) },
  ...[2, 3, 4, 1000].map((count): Dress => {
    const of = (secret: string): string => each(secret, (character) => `\\u00${hexOf(character)}`)
    return { name: `escapes of JSON behind ${count} backslashes`, of, whole: (secret) => '\\'.repeat(count - 1) + of(secret) }
  }),
  {
    name: 'escapes of JSON here and there, in either case',
    of: (secret) =>
      each(secret, (character, index) =>
        index % 4 === 1 || character === '"' || character === '\\'
          ? `\\u00${index % 8 === 1 ? hexOf(character).toUpperCase() : hexOf(character)}`
          : character,
      ),
  },
  { name: 'base64', ...base64(0, 'base64') },
  { name: 'base64 behind one character', ...base64(1, 'base64') },
  { name: 'base64 behind two characters', ...base64(2, 'base64') },
  { name: 'base64url', ...base64(0, 'base64url') },
  { name: 'base64url behind two characters', ...base64(2, 'base64url') },
  { name: 'hexadecimal', of: (secret) => each(secret, hexOf) },
  { name: 'hexadecimal of mixed case', of: (secret) => mixedCase(each(secret, hexOf)) },
  { name: 'percent signs throughout', of: (secret) => each(secret, (character) => `%${hexOf(character)}`) },
  {
    name: 'percent signs here and there, in either case',
    of: (secret) =>
      each(secret, (character, index) =>
        index % 3 === 0 || character === '%' ? `%${index % 2 === 0 ? hexOf(character).toUpperCase() : hexOf(character)}` : character,
      ),
  },
]
