import { factor, type WindowLane } from './window-lane.js'

/** Minimum length of a secret that is searched for in all answers, in characters: a shorter text occurs by chance. */
export const shortestSearched = 12

/** How many characters of a secret are compared: an answer with this many of them holds the secret. */
export const maxComparedChars = 1024

/** One encoding in which an answer may hold a secret. */
export interface KeyForm {
  readonly spell: (secret: string) => string
  /** The length of what `spell` returns. */
  readonly lengthOf: (secret: string) => number
  /** The hash of a window of what `spell` returns, from `start` on: most of many secrets are never spelled. */
  readonly hashAt: (secret: string, start: number, lane: WindowLane) => number
  /** For each byte the byte that it counts as: characters with the same meaning in this form count as one. */
  readonly reading: Uint8Array
  readonly hex: boolean
}

const hexCodes = Buffer.from('0123456789abcdef')
const base64Codes = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

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
  { spell: (secret) => secret, lengthOf: ({ length }) => length, hashAt: hashOfPlain, reading: asWritten, hex: false },
  ...[0, 1, 2].map(
    (offset): KeyForm => ({
      spell: (secret) => inBase64(secret, offset),
      lengthOf: ({ length }) => Math.floor(((length + offset) * 8) / 6) - edgeOf(offset),
      hashAt: (secret, start, lane) => hashOfBase64(secret, start + edgeOf(offset), offset, lane),
      reading: asBase64url,
      hex: false,
    }),
  ),
  {
    spell: (secret) => Buffer.from(secret, 'latin1').toString('hex'),
    lengthOf: ({ length }) => 2 * length,
    hashAt: hashOfHex,
    reading: asLowerCase,
    hex: true,
  },
]

/** The length of a secret in its longest form, in characters, without escapes. */
export function longestForm(secret: string): number {
  let longest = 0
  for (const { lengthOf } of keyForms) longest = Math.max(longest, lengthOf(secret))
  return longest
}

/** The reading of windows of plain and of base64 text. */
export const plainReading = asBase64url

/** The reading of windows of hexadecimal text. */
export const hexReading = asLowerCase

/** The base64 characters that depend on the secret alone; those at its edges also hold bits of the neighbouring bytes. */
function inBase64(secret: string, offset: number): string {
  const whole = Buffer.from('\0'.repeat(offset) + secret, 'latin1')
  return whole.toString('base64url').slice(edgeOf(offset), Math.floor((whole.length * 8) / 6))
}

/** How many base64 characters at the beginning hold bits of the bytes before a secret that has `offset` of them before it. */
function edgeOf(offset: number): number {
  return offset === 0 ? 0 : offset + 1
}

function hashOfPlain(secret: string, start: number, { width, come }: WindowLane): number {
  let hash = 0
  for (let index = start; index < start + width; index += 1)
    hash = (Math.imul(hash, factor) + (come[secret.charCodeAt(index) & 255] as number)) | 0
  return hash
}

/** Of the base64 of `offset` bytes and the secret behind them. */
function hashOfBase64(secret: string, start: number, offset: number, { width, come }: WindowLane): number {
  let hash = 0
  for (let index = start; index < start + width; index += 1) {
    const bit = index * 6
    const byte = (bit >> 3) - offset
    const two = ((secret.charCodeAt(byte) & 255) << 8) | (secret.charCodeAt(byte + 1) & 255)
    hash = (Math.imul(hash, factor) + (come[base64Codes[(two >> (10 - (bit & 7))) & 63] as number] as number)) | 0
  }
  return hash
}

function hashOfHex(secret: string, start: number, { width, come }: WindowLane): number {
  let hash = 0
  for (let index = start; index < start + width; index += 1) {
    const digit = (secret.charCodeAt(index >> 1) >> ((index & 1) === 0 ? 4 : 0)) & 15
    hash = (Math.imul(hash, factor) + (come[hexCodes[digit] as number] as number)) | 0
  }
  return hash
}
