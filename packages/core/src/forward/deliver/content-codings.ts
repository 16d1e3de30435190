import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, type Zlib } from 'node:zlib'

/** Decompresses a body. */
export interface Decoder {
  readonly stream: Transform & Zlib
  /** Whether a checksum follows the data. */
  readonly hasTrailer: boolean
}

/** Makes a decoder for a body. The body's first byte tells the two kinds of `deflate` apart. */
export type OpenDecoder = (firstByte: number) => Decoder

const decoders: Readonly<Record<string, OpenDecoder>> = {
  gzip: () => withTrailer(createGunzip()),
  'x-gzip': () => withTrailer(createGunzip()),
  // RFC 9110, 8.4.1.2, requires the zlib format; some servers send raw deflate.
  deflate: (firstByte) => ((firstByte & 0x0f) === 0x08 ? withTrailer(createInflate()) : withoutTrailer(createInflateRaw())),
  br: () => withoutTrailer(createBrotliDecompress()),
}

function withTrailer(stream: Transform & Zlib): Decoder {
  return { stream, hasTrailer: true }
}

function withoutTrailer(stream: Transform & Zlib): Decoder {
  return { stream, hasTrailer: false }
}

const none: readonly OpenDecoder[] = []

/** Maximum number of codings of one body. */
const maxCodings = 3

/**
 * The decoders for a body, in the order in which they must run; empty if the body is not compressed, `undefined` if a coding
 * is unknown or there are too many.
 *
 * @param values The values of all `Content-Encoding` lines, in their order.
 */
export function decodersOf(values: readonly string[]): readonly OpenDecoder[] | undefined {
  if (values.length === 0) return none
  const names = values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  const found = names.map((name) => (Object.hasOwn(decoders, name) ? decoders[name] : undefined))
  if (found.length > maxCodings || found.includes(undefined)) return undefined
  return (found as OpenDecoder[]).toReversed()
}
