import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { constants, inflateSync } from 'node:zlib'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { unicodeForms, type ReadUnicode } from '../lib/unicode-forms.js'
import { ClientGone, Refusal } from '@postern/ports'
import { begunBlanks, blanks } from './blanks.js'

/** How many bytes of a body are held at most, until their kind is certain. */
const maxHeldBytes = 1024

/**
 * Holds the first bytes of a form or medium until their kind is certain, and returns the complete body. Refuses a body that
 * begins like JSON, in any encoding of Unicode, or like compressed data: a gateway that ignores `Content-Type` could read
 * JSON in it that policy has not read. No real medium begins like that, or with blanks only.
 *
 * @param beginning The first bytes of a form: its boundary. `undefined` for a medium.
 * @returns The body from its first byte on: a stream, or a Buffer if the body ended first; `null` if it is empty.
 * @throws {Refusal} 400 `request_malformed`.
 * @throws {ClientGone} if the body breaks off.
 */
export async function refuseDisguise(body: Readable, beginning?: Buffer): Promise<Readable | Buffer | null> {
  const held = new GrowingBuffer()
  const judge = beginning === undefined ? createMediumJudge() : createFormJudge(beginning)
  for (;;) {
    // No `await` between `read` and `unshift`: the body could end in between.
    const piece = body.read() as Buffer | null
    if (piece !== null) {
      held.append(piece)
      const verdict = judge(held.view().subarray(0, maxHeldBytes), false)
      if (verdict === 'refused' || (verdict === 'open' && held.length >= maxHeldBytes)) throw disguised()
      if (verdict === 'open') continue
      body.unshift(held.take())
      return body
    }
    if (body.readableEnded) {
      if (held.length === 0) return null
      if (judge(held.view(), true) !== 'certain') throw disguised()
      return held.take()
    }
    if (body.destroyed) throw new ClientGone('The client left while sending its body.')
    const waiting = new AbortController()
    await Promise.race(['readable', 'end', 'close'].map((event) => once(body, event, waiting))).finally(() => waiting.abort())
  }
}

/** `certain`: the bytes are of the declared kind. `refused`: they are not. `open`: more bytes are needed. */
type Verdict = 'certain' | 'refused' | 'open'

function createFormJudge(beginning: Buffer): (bytes: Buffer, isWhole: boolean) => Verdict {
  return (bytes, isWhole) => {
    const length = Math.min(bytes.length, beginning.length)
    if (!bytes.subarray(0, length).equals(beginning.subarray(0, length))) return 'refused'
    if (length === beginning.length) return 'certain'
    return isWhole ? 'refused' : 'open'
  }
}

function createMediumJudge(): (bytes: Buffer, isWhole: boolean) => Verdict {
  let forms: readonly ReadUnicode[] = unicodeForms
  return (bytes, isWhole) => {
    const packed = judgePacked(bytes)
    if (packed === 'refused') return 'refused'
    const readings = forms.map((read) => ({ read, verdict: judgeText(read(bytes)) }))
    if (readings.some(({ verdict }) => verdict === 'refused')) return 'refused'
    forms = readings.filter(({ verdict }) => verdict === 'open').map(({ read }) => read)
    if (packed === 'certain' && forms.length === 0) return 'certain'
    if (isWhole || bytes.length >= maxHeldBytes) return isSilence(bytes) || (isWhole && !isBlank(bytes)) ? 'certain' : 'open'
    return 'open'
  }
}

/**
 * Matches {@link blanks}, then the beginning of an object or list. The pattern includes what follows the bracket, since some
 * media may begin with any byte, such as a bracket. A name needs no quotation marks, as in JSON5.
 */
const bareName = String.raw`(?:[\w$\u00c0-\u024f]|\\u[\da-fA-F])`
const beginsJson = new RegExp(String.raw`^${blanks}(?:\{${blanks}(?:["'}/]|${bareName}{1,64}${blanks}:)|\[${blanks}["'{[\]/\w-])`)
const begunObject = String.raw`${blanks}\{${blanks}(?:${bareName}{1,64}${begunBlanks}|${bareName}{0,63}\\u?)`
const mayBeginJson = new RegExp(String.raw`^(?:${begunBlanks}|${blanks}[{[]${begunBlanks}|${begunObject})$`)

function judgeText(text: string): Verdict {
  if (beginsJson.test(text)) return 'refused'
  return mayBeginJson.test(text) ? 'open' : 'certain'
}

/** Whether the bytes, in some encoding, are only blanks or an unfinished beginning of JSON. */
function isBlank(bytes: Buffer): boolean {
  return unicodeForms.some((read) => {
    const text = read(bytes)
    return text !== '' && mayBeginJson.test(text)
  })
}

/** Whether the bytes are one control character, repeated, as at the beginning of audio. Text repeats only blanks. */
function isSilence(bytes: Buffer): boolean {
  const [first = 0x20] = bytes
  return ![0x20, 0x09, 0x0a, 0x0d].includes(first) && (first < 0x20 || first === 0x7f) && bytes.every((byte) => byte === first)
}

/** First bytes of compressed data: gzip, compress (two forms), zstd, LZ4, xz, bzip2. No medium begins with them. */
const magics = ['1f8b', '1f9d', '1fa0', '28b52ffd', '04224d18', 'fd377a585a00', '425a68'].map((hex) => Buffer.from(hex, 'hex'))
const maxMagicBytes = 6

function judgePacked(bytes: Buffer): Verdict {
  if (magics.some((magic) => bytes.subarray(0, magic.length).equals(magic))) return 'refused'
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  // A skippable frame of zstd (RFC 8878, 3.1.2).
  if (first >= 0x50 && first <= 0x5f && second === 0x2a && third === 0x4d && fourth === 0x18) return 'refused'
  // A header of zlib (RFC 1950, 2.2): method deflate, a valid window, a valid checksum. Some media match it by chance.
  if (bytes.length > 1 && (first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0) return judgeZlib(bytes)
  return bytes.length < maxMagicBytes ? 'open' : 'certain'
}

/** Inflates the bytes and judges the result as text. Bytes that cannot be inflated are not compressed. */
function judgeZlib(bytes: Buffer): Verdict {
  try {
    const unpacked = inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxUnpackedBytes })
    const verdicts = unicodeForms.map((read) => judgeText(read(unpacked.subarray(0, maxHeldBytes))))
    return verdicts.includes('refused') ? 'refused' : verdicts.includes('open') ? 'open' : 'certain'
  } catch (error) {
    // The result is far larger than the input, as with compressed blanks.
    return (error as { readonly code?: string }).code === 'ERR_BUFFER_TOO_LARGE' ? 'refused' : 'certain'
  }
}

const maxUnpackedBytes = 64 * 1024

function disguised(): Refusal {
  return new Refusal('request_malformed', {
    message: 'The body is JSON or packed under the name of something else, or does not begin like what its type says.',
    param: 'Content-Type',
  })
}
