/**
 * The media type in the header `typ` of a JWT, in lower case and without `application/`, which may be left out (RFC 7515,
 * 4.1.9). `undefined` if it is no text. Of letters, only those of ASCII have another case.
 */
export function tokenType(typ: unknown): string | undefined {
  if (typeof typ !== 'string') return undefined
  return typ.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/^application\/(?=[^/]*$)/, '')
}
