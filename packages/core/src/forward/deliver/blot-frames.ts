import { governanceComment } from '@postern/protocol'

/**
 * Overwrites forged governance frames in an answer that passes in pieces. Its `Content-Type` does not matter: a client may
 * read any answer as an event stream.
 *
 * A frame's line begins with a mark that ends in a blank. From that blank on, each byte of such a line becomes a hyphen. So
 * no byte has to wait for the next piece, and the answer keeps its length. No other bytes change.
 */
export function createFrameBlot(): (piece: Buffer) => Buffer {
  let state = lineBegins
  let position = 0

  function take(byte: number): boolean {
    if (byte === lineFeed || byte === carriageReturn) state = lineBegins
    else if (state === blotted) return true
    else if (state !== otherLine) return begin(byte)
    return false
  }

  /** Matches the beginning of a line: any number of byte order marks, then the mark of a frame. */
  function begin(byte: number): boolean {
    if (state === lineBegins) {
      state = byte === byteOrderMark[0] ? inOrderMark : inMark
      position = 0
    }
    const expected = state === inOrderMark ? byteOrderMark : mark
    if (byte !== expected[position]) {
      state = otherLine
      return false
    }
    position += 1
    if (position < expected.length) return false
    position = 0
    if (state === inOrderMark) {
      state = lineBegins
      return false
    }
    state = blotted
    return true
  }

  return (piece) => {
    let changed: Buffer | undefined
    let next = -1
    for (let at = 0; at < piece.length; at += 1) {
      if (state === otherLine) {
        // Skip ahead: of other lines only those are matched in which a mark or the end of the piece is.
        if (next < at) next = indexOrEnd(piece, at)
        const before = piece.subarray(at, next)
        const lineEnd = Math.max(before.lastIndexOf(lineFeed), before.lastIndexOf(carriageReturn))
        if (lineEnd === -1) {
          // The mark stands within a line; its own characters end no line.
          at = next
          continue
        }
        at += lineEnd
      }
      if (!take(piece[at] as number)) continue
      changed ??= Buffer.from(piece)
      changed[at] = hyphen
    }
    return changed ?? piece
  }
}

const lineBegins = 0
const inOrderMark = 1
const inMark = 2
const otherLine = 3
const blotted = 4

const mark = Buffer.from(governanceComment)
const byteOrderMark = Buffer.from('\uFEFF')
const lineFeed = 0x0a
const carriageReturn = 0x0d
const hyphen = 0x2d

function indexOrEnd(piece: Buffer, from: number): number {
  const next = piece.indexOf(mark, from)
  return next === -1 ? piece.length : next
}
