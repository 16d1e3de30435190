import { hash } from 'node:crypto'

/** The required members of each key type, sorted by name (RFC 7638, 3.2; RFC 8037, 2). */
const members: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/**
 * The SHA-256 thumbprint of a public key, base64url (RFC 7638); `undefined` if `jwk` is not a public key of a known type.
 *
 * jose's own function uses the thread pool and takes 80 µs instead of 4 µs, for every proof of possession.
 */
export function thumbprintOf(jwk: Readonly<Record<string, unknown>>): string | undefined {
  const names = typeof jwk['kty'] === 'string' && Object.hasOwn(members, jwk['kty']) ? members[jwk['kty']] : undefined
  if (names === undefined || names.some((name) => typeof jwk[name] !== 'string')) return undefined
  return hash('sha256', JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]]))), 'base64url')
}
