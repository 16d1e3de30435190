import { StringDecoder } from 'node:string_decoder'

/** Decodes bytes in one Unicode encoding. Ignores an incomplete character at the end. */
export type ReadUnicode = (bytes: Buffer) => string

function swapped(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString('utf16le')
}

function fourByFour(read: (bytes: Buffer, at: number) => number): ReadUnicode {
  return (bytes) => {
    let text = ''
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const point = read(bytes, at)
      text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
    }
    return text
  }
}

/** UTF-8, UTF-16 and UTF-32, the latter two in both byte orders. Invalid characters become U+FFFD. */
export const unicodeForms: readonly ReadUnicode[] = [
  (bytes) => new StringDecoder('utf8').write(bytes),
  (bytes) => bytes.toString('utf16le', 0, bytes.length - (bytes.length % 2)),
  swapped,
  fourByFour((bytes, at) => bytes.readUInt32LE(at)),
  fourByFour((bytes, at) => bytes.readUInt32BE(at)),
]
