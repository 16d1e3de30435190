import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { constants, inflateSync } from 'node:zlib'
import { GrowingBuffer } from '../lib/growing-buffer.js'
import { unicodeForms, type ReadUnicode } from '../lib/unicode-forms.js'
import { ClientGone, Refusal } from '../refusal.js'
import { begunBlanks, blanks } from './blanks.js'

/** How many bytes of a body are held at most until it is certain what they are. */
const maxHeldBytes = 1024

/**
 * Holds the first bytes of a form or medium until it is certain what they are, and gives the body back whole. A gateway
 * that does not look at the type of a body would read JSON in it that policy has not read, in whatever form of Unicode,
 * or unpack it first. No medium begins like that, and none begins with blanks only.
 *
 * @param beginning How a form begins: with the boundary that its type names. `undefined` for a medium.
 * @returns The body from its first byte on; bytes where it ended before it was certain.
 * @throws {Refusal} 400 `request_malformed`.
 * @throws {ClientGone} where the body breaks off.
 */
export async function refuseDisguise(body: Readable, beginning?: Buffer): Promise<Readable | Buffer | null> {
  const held = new GrowingBuffer()
  const judge = beginning === undefined ? createMediumJudge() : createFormJudge(beginning)
  for (;;) {
    // Nothing may be awaited between a read and what puts it back: the body could end in between.
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

/** Whether the bytes so far are certainly what they say, certainly not, or could still become either. */
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
 * Blanks and what is read as such, then an object, or a list, or as much of one as there is. What follows the bracket is
 * looked at too, since some media begin with any byte. JSON5 has names without quotation marks.
 */
const bareName = String.raw`(?:[\w$\u00c0-\u024f]|\\u[\da-fA-F])`
const beginsJson = new RegExp(String.raw`^${blanks}(?:\{${blanks}(?:["'}/]|${bareName}{1,64}${blanks}:)|\[${blanks}["'{[\]/\w-])`)
const begunObject = String.raw`${blanks}\{${blanks}(?:${bareName}{1,64}${begunBlanks}|${bareName}{0,63}\\u?)`
const mayBeginJson = new RegExp(String.raw`^(?:${begunBlanks}|${blanks}[{[]${begunBlanks}|${begunObject})$`)

function judgeText(text: string): Verdict {
  if (beginsJson.test(text)) return 'refused'
  return mayBeginJson.test(text) ? 'open' : 'certain'
}

/** Whether there is nothing in any reading but blanks and a bracket, behind which JSON could follow. */
function isBlank(bytes: Buffer): boolean {
  return unicodeForms.some((read) => {
    const text = read(bytes)
    return text !== '' && mayBeginJson.test(text)
  })
}

/** Sound begins with one byte over and over, which no text does but with blanks. */
function isSilence(bytes: Buffer): boolean {
  const [first = 0x20] = bytes
  return ![0x20, 0x09, 0x0a, 0x0d].includes(first) && (first < 0x20 || first === 0x7f) && bytes.every((byte) => byte === first)
}

/** How packed bytes begin: gzip, compress, zstd, LZ4, xz, bzip2. No medium begins so. */
const magics = ['1f8b', '1f9d', '1fa0', '28b52ffd', '04224d18', 'fd377a585a00', '425a68'].map((hex) => Buffer.from(hex, 'hex'))
const longestMagic = 6

function judgePacked(bytes: Buffer): Verdict {
  if (magics.some((magic) => bytes.subarray(0, magic.length).equals(magic))) return 'refused'
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  // What readers of zstd skip (RFC 8878, 3.1.2).
  if (first >= 0x50 && first <= 0x5f && second === 0x2a && third === 0x4d && fourth === 0x18) return 'refused'
  // zlib (RFC 1950, 2.2): deflate, a window that there is, and a checksum over the two. Some texts begin so by chance.
  if (bytes.length > 1 && (first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0) return judgeZlib(bytes)
  return bytes.length < longestMagic ? 'open' : 'certain'
}

/** What comes out of it says whether it is JSON that is packed; where nothing can, it is not packed. */
function judgeZlib(bytes: Buffer): Verdict {
  try {
    const unpacked = inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxUnpackedBytes })
    const verdicts = unicodeForms.map((read) => judgeText(read(unpacked.subarray(0, maxHeldBytes))))
    return verdicts.includes('refused') ? 'refused' : verdicts.includes('open') ? 'open' : 'certain'
  } catch (error) {
    // Far more comes out than goes in, as of blanks.
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
