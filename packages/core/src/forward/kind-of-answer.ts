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
