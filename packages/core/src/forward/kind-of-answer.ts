/** What an answer is by its first bytes, whatever it is called. */
export type AnswerKind = 'events' | 'json' | 'other'

/** How many bytes are looked at. */
const firstBytes = 64

/** How many are looked at where comments stand before the first event: some servers fill a kibibyte or two with them. */
const bytesOfComments = 4096

/** The lines with which a stream may begin before its first event says anything. */
const comments = /^(?::[^\r\n]*(?:\r\n|[\r\n]))*/

/**
 * Where a stream of events can begin and JSON cannot: with one of the names that its lines have, or comments with a blank
 * line behind them. A comment alone says little: any text may have a line that begins with a colon.
 */
const beginsEvents = /^(?:data|event|id|retry)[:\r\n]/

/** Too little to tell. */
const mayBeginEvents = /^(?:\xef?\xbb?|d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)?$/

const openingBrace = 0x7b

/** What begins with these bytes, blanks and a byte order mark before it or not; `undefined` until it can be told. */
export function kindOf(bytes: Buffer): AnswerKind | undefined {
  if (bytes[0] === openingBrace) return 'json'
  const begin = beginOf(bytes, firstBytes)
  if (begin.startsWith(':')) return kindBehindComments(bytes)
  if (beginsEvents.test(begin)) return 'events'
  if (begin.startsWith('{') || begin.startsWith('[')) return 'json'
  return mayBeginEvents.test(begin) && bytes.length < firstBytes ? undefined : 'other'
}

function beginOf(bytes: Buffer, most: number): string {
  return bytes
    .toString('latin1', 0, most)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
}

/** More comments than are looked at are a stream's: no text has so many. */
function kindBehindComments(bytes: Buffer): AnswerKind | undefined {
  const begin = beginOf(bytes, bytesOfComments)
  const rest = begin.replace(comments, '')
  if (/^[\r\n]/.test(rest) || beginsEvents.test(rest)) return 'events'
  if (!rest.startsWith(':') && !mayBeginEvents.test(rest)) return 'other'
  return bytes.length < bytesOfComments ? undefined : 'events'
}

/** Hears an answer's pieces until its kind can be told. Blanks before it, with which servers keep a connection alive, may be as many as they like. */
export class FirstBytes {
  /** Without the blanks; all that is needed to tell. */
  #begin: Buffer = nothing
  kind: AnswerKind | undefined

  /** Whether nothing but blanks came so far. */
  get isBlank(): boolean {
    return this.kind === undefined && this.#begin.length === 0
  }

  hear(piece: Buffer): AnswerKind | undefined {
    if (this.kind !== undefined) return this.kind
    if (this.#begin.length === 0 && piece[0] === openingBrace) return (this.kind = 'json')
    const begin = withoutBlanks(this.#begin.length === 0 ? piece : Buffer.concat([this.#begin, piece]))
    this.#begin = begin.subarray(0, bytesOfComments)
    this.kind = begin.length === 0 ? undefined : kindOf(this.#begin)
    return this.kind
  }
}

const nothing = Buffer.alloc(0)
const byteOrderMark = Buffer.from('\uFEFF')

/** A byte order mark stays, and blanks behind it do not. */
function withoutBlanks(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark)) return bytes.subarray(endOfBlanks(bytes, 0))
  const end = endOfBlanks(bytes, byteOrderMark.length)
  return end === byteOrderMark.length ? bytes : Buffer.concat([byteOrderMark, bytes.subarray(end, end + bytesOfComments)])
}

/** JSON's own blanks. */
function endOfBlanks(bytes: Buffer, start: number): number {
  let end = start
  for (let byte = bytes[end]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = bytes[end]) end += 1
  return end
}
