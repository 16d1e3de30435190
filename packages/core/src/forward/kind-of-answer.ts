/** What an answer is by its first bytes, whatever it is called. */
export type AnswerKind = 'events' | 'json' | 'other'

/** How many bytes are looked at. */
const firstBytes = 64

/** Where a stream of events can begin and JSON cannot: with a comment, or one of the names that its lines have. */
const beginsEvents = /^(?::|(?:data|event|id|retry)[:\r\n])/

/** Too little to tell. */
const mayBeginEvents = /^(?:\xef?\xbb?|d|da|dat|data|e|ev|eve|even|event|i|id|r|re|ret|retr|retry)?$/

const openingBrace = 0x7b

/** What begins with these bytes, blanks and a byte order mark before it or not; `undefined` until it can be told. */
export function kindOf(bytes: Buffer): AnswerKind | undefined {
  if (bytes[0] === openingBrace) return 'json'
  const begin = bytes
    .toString('latin1', 0, firstBytes)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  if (beginsEvents.test(begin)) return 'events'
  if (begin.startsWith('{') || begin.startsWith('[')) return 'json'
  return mayBeginEvents.test(begin) && bytes.length < firstBytes ? undefined : 'other'
}
