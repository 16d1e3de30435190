import { brotliDecompressSync, gunzipSync } from 'node:zlib'

/** The most that is unpacked of one file, in bytes. */
const mostBytes = 64 * 1024 * 1024

const gzipMagic = Buffer.from([0x1f, 0x8b])
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/**
 * What a packed file holds, which servers send in its place (`app.js.gz` for `app.js`).
 *
 * @returns The bytes; `unreadable` if it is packed and cannot be unpacked here: broken, above 64 MiB, or Zstandard; `undefined` if it is
 *   not packed.
 */
export function unpack(name: string, content: string | Uint8Array): Buffer | 'unreadable' | undefined {
  const bytes = typeof content === 'string' ? undefined : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const begins = (magic: Buffer): boolean => bytes?.subarray(0, magic.length).equals(magic) === true
  if (/\.zst$/i.test(name) || begins(zstdMagic)) return 'unreadable'
  const isBrotli = /\.br$/i.test(name)
  if (!isBrotli && !/\.gz$/i.test(name) && !begins(gzipMagic)) return undefined
  try {
    return (isBrotli ? brotliDecompressSync : gunzipSync)(bytes ?? Buffer.from(content as string), { maxOutputLength: mostBytes })
  } catch {
    return 'unreadable'
  }
}
