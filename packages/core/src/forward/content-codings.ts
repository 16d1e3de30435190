import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, type Zlib } from 'node:zlib'

/** What unpacks a body. */
export interface Decoder {
  readonly stream: Transform & Zlib
  /** Whether a checksum follows the data. */
  readonly hasTrailer: boolean
}

/** Opens what unpacks a body; its first byte tells the two kinds of `deflate` apart. */
export type OpenDecoder = (firstByte: number) => Decoder

const decoders: Readonly<Record<string, OpenDecoder>> = {
  gzip: () => withTrailer(createGunzip()),
  'x-gzip': () => withTrailer(createGunzip()),
  // In the format of zlib, says RFC 9110, 8.4.1.2; servers also send the bare one.
  deflate: (firstByte) => ((firstByte & 0x0f) === 0x08 ? withTrailer(createInflate()) : withoutTrailer(createInflateRaw())),
  br: () => withoutTrailer(createBrotliDecompress()),
}

function withTrailer(stream: Transform & Zlib): Decoder {
  return { stream, hasTrailer: true }
}

function withoutTrailer(stream: Transform & Zlib): Decoder {
  return { stream, hasTrailer: false }
}

/** Codings upon each other that are unpacked. */
const mostCodings = 3

/**
 * What unpacks a body of these codings, in the order of unpacking; empty where it is not packed, `undefined` where it
 * cannot be unpacked.
 *
 * @param values Of every `Content-Encoding` line, in their order.
 */
export function decodersOf(values: readonly string[]): readonly OpenDecoder[] | undefined {
  const names = values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  const found = names.map((name) => (Object.hasOwn(decoders, name) ? decoders[name] : undefined))
  if (found.length > mostCodings || found.includes(undefined)) return undefined
  return (found as OpenDecoder[]).toReversed()
}
