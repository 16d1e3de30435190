/**
 * A forged governance frame: a comment line whose first word begins with `postern`, in any case, after any or no blanks, and behind any
 * number of byte order marks. A lenient client could take it for a frame of Postern's.
 */
const forgedFrame = /(?<=^|[\r\n])\uFEFF*:[^\r\na-z0-9]*postern[^\r\n]*(?:\r\n|[\r\n])?/gi

/** Whether a line of an event may be a comment: a cheap test, since most events have none. The event is read as Latin-1. */
export function mayHoldComment(event: string): boolean {
  return event.startsWith(':') || event.includes('\n:') || event.includes('\r:') || event.includes('\xbf:')
}

/** The event without forged frames; `undefined` if it has none. */
export function withoutForgedFrames(event: string): string | undefined {
  const honest = event.replace(forgedFrame, '')
  return honest === event ? undefined : honest
}

/**
 * Whether an event that is too large to be rewritten has such a line. Looks only at the beginnings of lines. A comment that begins with
 * more than {@link maxBlankBytes} other characters counts as one.
 */
export function holdsForgedLine(bytes: Buffer, start: number, end: number): boolean {
  const event = bytes.subarray(start, end)
  let lineFeedAt = event.indexOf(lineFeed)
  let carriageReturnAt = event.indexOf(carriageReturn)
  for (let line = 0; ; ) {
    if (isForged(event, line)) return true
    if (lineFeedAt !== -1 && lineFeedAt < line) lineFeedAt = event.indexOf(lineFeed, line)
    if (carriageReturnAt !== -1 && carriageReturnAt < line) carriageReturnAt = event.indexOf(carriageReturn, line)
    const next =
      lineFeedAt === -1 || carriageReturnAt === -1 ? Math.max(lineFeedAt, carriageReturnAt) : Math.min(lineFeedAt, carriageReturnAt)
    if (next === -1) return false
    line = next + 1
  }
}

function isForged(event: Buffer, line: number): boolean {
  let colonAt = line
  while (event[colonAt] === 0xef && event[colonAt + 1] === 0xbb && event[colonAt + 2] === 0xbf) colonAt += 3
  if (event[colonAt] !== colon) return false
  const most = colonAt + 1 + maxBlankBytes
  let at = colonAt + 1
  while (at < most && at < event.length && !endsBlank(event[at] as number)) at += 1
  return at === most || event.toString('latin1', at, at + ourName.length).toLowerCase() === ourName
}

/** Whether a byte is a letter or digit, or ends the line. */
function endsBlank(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === lineFeed ||
    byte === carriageReturn
  )
}

const maxBlankBytes = 64 * 1024
const ourName = 'postern'
const colon = 0x3a
const lineFeed = 0x0a
const carriageReturn = 0x0d
