import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** Stands in every secret that is loaded, so that one look finds whether any could be there. */
export const keyCore = 'c0ffee5eedfade42'

/** Stands in key-shaped texts that clients write, which no log line may repeat. */
export const plantedShape = 'sk-proj-FuzzPlanted0123456789abcdefghij'
/** What is left of one by a cut, an insertion or a change, and still has the form of a key. */
export const plantedShapes = /(?<![A-Za-z0-9])sk(?:-|%2d)[\w-]{0,9}FuzzPlanted0123456789/gi

/** The forms in which a key that came out is looked for, unmixed. */
export const keyForms: readonly { readonly name: string; readonly write: (text: string) => string }[] = [
  { name: 'raw', write: (text) => text },
  { name: 'JSON escapes', write: (text) => escapeEach(text, (code) => `\\u${code.toString(16).padStart(4, '0')}`) },
  { name: 'JSON escapes, capital', write: (text) => escapeEach(text, (code) => `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`) },
  {
    name: 'JSON escapes, here and there',
    write: (text) => escapeEach(text, (code, at) => (at % 3 === 1 ? `\\u00${code.toString(16)}` : undefined)),
  },
  ...[0, 1, 2].flatMap((offset) => [
    { name: `base64 at ${offset}`, write: (text: string) => Buffer.from('x'.repeat(offset) + text).toString('base64') },
    { name: `base64url at ${offset}`, write: (text: string) => Buffer.from('x'.repeat(offset) + text).toString('base64url') },
  ]),
  { name: 'hex', write: (text) => Buffer.from(text).toString('hex') },
  { name: 'hex, capital', write: (text) => Buffer.from(text).toString('hex').toUpperCase() },
  { name: 'percent', write: (text) => escapeEach(text, (code) => `%${code.toString(16)}`) },
  { name: 'percent, capital', write: (text) => escapeEach(text, (code) => `%${code.toString(16).toUpperCase()}`) },
  {
    name: 'percent, here and there',
    write: (text) => escapeEach(text, (code, at) => (at % 4 === 2 ? `%${code.toString(16)}` : undefined)),
  },
]

function escapeEach(text: string, escape: (code: number, at: number) => string | undefined): string {
  return Array.from(text, (character, at) => escape(character.charCodeAt(0), at) ?? character).join('')
}

/** How a text looks within base64, at each of its three offsets, without the characters that neighbours share. */
function withinBase64(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const bytes = Buffer.from('x'.repeat(offset) + text)
    return bytes.toString('base64').slice(offset === 0 ? 0 : offset + 1, Math.floor((bytes.length * 4) / 3))
  })
}

const cores = [keyCore, ...withinBase64(keyCore), Buffer.from(keyCore).toString('hex'), Buffer.from(keyCore).toString('hex').toUpperCase()]

/** Finds loaded secrets in what came out. */
export type FindKey = (bytes: Buffer) => FoundKey | undefined

/** A secret that came out: which one, by a name that may be printed, and in which form. */
export interface FoundKey {
  readonly name: string
  readonly form: string
}

/** @param secrets By a name that may be printed. */
export function createFindKey(secrets: Readonly<Record<string, string>>): FindKey {
  const needles = Object.entries(secrets).flatMap(([name, secret]) => {
    const hex = Buffer.from(secret).toString('hex')
    const inBase64 = withinBase64(secret)
    return [
      { name, form: 'raw', needle: secret },
      { name, form: 'hex', needle: hex },
      { name, form: 'hex', needle: hex.toUpperCase() },
      ...inBase64.map((needle) => ({ name, form: 'base64', needle })),
      ...inBase64.map((needle) => ({ name, form: 'base64url', needle: needle.replaceAll('+', '-').replaceAll('/', '_') })),
    ]
  })
  const lookIn = (text: string, escaped = ''): FoundKey | undefined => {
    if (!cores.some((core) => text.includes(core))) return undefined
    const found = needles.find(({ needle }) => text.includes(needle))
    return found === undefined ? undefined : { name: found.name, form: escaped === '' ? found.form : escaped }
  }
  return (bytes) => {
    const text = bytes.toString('latin1')
    const plain = lookIn(text)
    if (plain !== undefined) return plain
    if (text.includes('\\u')) {
      const found = lookIn(
        text.replaceAll(/\\u00([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'JSON escapes',
      )
      if (found !== undefined) return found
    }
    if (!text.includes('%')) return undefined
    return lookIn(
      text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'percent',
    )
  }
}

const unpackers: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes, partly),
  'x-gzip': (bytes) => gunzipSync(bytes, partly),
  deflate: (bytes) => ((bytes[0] ?? 0) % 16 === 8 ? inflateSync(bytes, partly) : inflateRawSync(bytes, partly)),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: 2 ** 26 }),
}
const partly = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 26 }

/** A body as a client unpacks it; what cannot be unpacked stays as it is. */
export function unpack(body: Buffer, encodings: readonly string[]): Buffer {
  let unpacked = body
  for (const encoding of encodings.flatMap((value) => value.split(',')).toReversed()) {
    try {
      unpacked = unpackers[encoding.trim().toLowerCase()]?.(unpacked) ?? unpacked
    } catch {
      return unpacked
    }
  }
  return unpacked
}
