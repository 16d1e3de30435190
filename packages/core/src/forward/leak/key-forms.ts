/** Minimum length of a secret that is searched for in all answers, in characters: a shorter text occurs by chance. */
export const shortestSearched = 12

/** How many characters of a secret are compared: an answer with this many of them holds the secret. */
export const maxComparedChars = 1024

/** One encoding in which an answer may hold a secret. */
export interface KeyForm {
  readonly spell: (secret: string) => string
  /** For each byte the byte that it counts as: characters with the same meaning in this form count as one. */
  readonly reading: Uint8Array
  readonly hex: boolean
}

/** Every byte counts as itself. */
const asWritten = Uint8Array.from({ length: 256 }, (_, byte) => byte)

/** Base64 in either alphabet (RFC 4648, 4 and 5): `+` and `/` count as `-` and `_`. */
const asBase64url = asWritten.slice()
asBase64url[0x2b] = 0x2d
asBase64url[0x2f] = 0x5f

/** Hexadecimal digits: upper case counts as lower case. */
const asLowerCase = asWritten.slice()
for (let letter = 0x41; letter <= 0x46; letter += 1) asLowerCase[letter] = letter + 0x20

/**
 * The forms in which a secret is searched for: plain, base64 at each of the three offsets that it can have in a longer text,
 * and hexadecimal. Escapes of JSON and of URLs are decoded before.
 */
export const keyForms: readonly KeyForm[] = [
  { spell: (secret) => secret, reading: asWritten, hex: false },
  ...[0, 1, 2].map((offset) => ({ spell: (secret: string) => inBase64(secret, offset), reading: asBase64url, hex: false })),
  { spell: (secret) => Buffer.from(secret, 'latin1').toString('hex'), reading: asLowerCase, hex: true },
]

/** The length of a secret in its longest form, in characters, without escapes. */
export const longestForm = (secret: string): number => Math.max(...keyForms.map(({ spell }) => spell(secret).length))

/** The reading of windows of plain and of base64 text. */
export const plainReading = asBase64url

/** The reading of windows of hexadecimal text. */
export const hexReading = asLowerCase

/** The base64 characters that depend on the secret alone; those at its edges also hold bits of the neighbouring bytes. */
function inBase64(secret: string, offset: number): string {
  const whole = Buffer.from('\0'.repeat(offset) + secret, 'latin1')
  return whole.toString('base64url').slice(offset === 0 ? 0 : offset + 1, Math.floor((whole.length * 8) / 6))
}
