/** The kind of an answer by its first bytes; its `Content-Type` does not matter. */
export type AnswerKind = 'events' | 'json' | 'other'

/** How many bytes are examined. */
const firstBytes = 64

/** How many bytes are examined if the answer begins with comments: some servers send 1 or 2 KiB of them before the first event. */
const bytesOfComments = 4096

/** Comment lines of an event stream. */
const comments = /^(?::[^\r\n]*(?:\r\n|[\r\n]))*/

/**
 * The beginning of an event stream: a field name. Comments count only with a blank line or a field behind them, since any
 * text may have a line that begins with a colon.
 */
const beginsEvents = /^(?:data|event|id|retry)[:\r\n]/

/** Too few bytes to decide. */
const mayBeginEvents = /^(?:\xef?\xbb?|d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)?$/

const openingBrace = 0x7b

/** The kind of an answer that begins with these bytes; `undefined` if more bytes are needed. Skips blanks and a byte order mark. */
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

/** Decides by the line behind the comments. More than `bytesOfComments` of comments are an event stream: no text has so many. */
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
