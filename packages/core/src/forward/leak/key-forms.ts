/** The shortest secret that is searched for among ordinary text, in characters: anything shorter stands in it by chance. */
export const shortestSearched = 12

/** How much of a secret is compared, in characters. What repeats so much of one repeats it. */
export const mostCompared = 1024

/** One way in which a secret can be written throughout. */
export interface KeyForm {
  readonly spell: (secret: string) => string
  /** Characters that mean the same in this form are read as one. */
  readonly reading: Uint8Array
  readonly hex: boolean
}

/** Every byte as it stands. */
const asWritten = Uint8Array.from({ length: 256 }, (_, byte) => byte)

/** Base64 in either alphabet (RFC 4648, 4 and 5): `+` and `/` are read as `-` and `_`. */
const asBase64url = asWritten.slice()
asBase64url[0x2b] = 0x2d
asBase64url[0x2f] = 0x5f

/** Hexadecimal digits in either case. */
const asLowerCase = asWritten.slice()
for (let letter = 0x41; letter <= 0x46; letter += 1) asLowerCase[letter] = letter + 0x20

/**
 * The forms in which a secret is looked for: as it is, base64 at each of the three places where it can begin
 * in a longer text, and hexadecimal. Escapes of JSON and of URLs are taken back before.
 */
export const keyForms: readonly KeyForm[] = [
  { spell: (secret) => secret, reading: asWritten, hex: false },
  ...[0, 1, 2].map((offset) => ({ spell: (secret: string) => inBase64(secret, offset), reading: asBase64url, hex: false })),
  { spell: (secret) => Buffer.from(secret, 'latin1').toString('hex'), reading: asLowerCase, hex: true },
]

/** The most characters that a secret takes in any form, before escapes are put around it. */
export const longestForm = (secret: string): number => Math.max(...keyForms.map(({ spell }) => spell(secret).length))

/** How windows of plain and of base64 text are read alike. */
export const plainReading = asBase64url

/** How windows of hexadecimal text are read. */
export const hexReading = asLowerCase

/** The characters that the secret alone decides; those at either edge hold bits of its neighbours too. */
function inBase64(secret: string, offset: number): string {
  const whole = Buffer.from('\0'.repeat(offset) + secret, 'latin1')
  return whole.toString('base64url').slice(offset === 0 ? 0 : offset + 1, Math.floor((whole.length * 8) / 6))
}
