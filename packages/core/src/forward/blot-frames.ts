import { governanceComment } from '@postern/protocol'

/**
 * Makes lines unreadable that pose as a governance frame, in an answer that passes in pieces, whatever its type is said to
 * be: somebody may read it as a stream of events.
 *
 * From the blank that ends the frame's mark on, each byte of such a line becomes a hyphen; so no byte is
 * waited for, and the answer keeps its length. No other bytes change.
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

  /** The line's beginning: perhaps a byte order mark, then perhaps the mark of a frame. */
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
      state = inMark
      return false
    }
    state = blotted
    return true
  }

  return (piece) => {
    let changed: Buffer | undefined
    let near = 0
    for (let at = 0; at < piece.length; at += 1) {
      if (state === otherLine && at >= near) {
        // Only where a mark stands, and where the piece may cut one, each byte is followed.
        const next = piece.indexOf(mark, at)
        near = next === -1 ? piece.length : next + mark.length
        at = Math.max(at, (next === -1 ? piece.length : next) - farthest)
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
/** A line's end, a byte order mark and the mark of a frame, in bytes. */
const farthest = 1 + byteOrderMark.length + mark.length

const lineFeed = 0x0a
const carriageReturn = 0x0d
const hyphen = 0x2d
