import type { FileHandle } from 'node:fs/promises'
import { splitLines } from './line.js'
import { createChainCheck, type MarkCheck, type Verdict } from './verify.js'

/** How much is read at once, in bytes: about a millisecond's work. */
const pieceBytes = 64 * 1024

/** The longest line that is looked at, in bytes: several times what a process writes. */
const maxLineBytes = 4 * 1024 * 1024

/**
 * Checks the chain of an audit up to a size, piece by piece, so that calls are served meanwhile.
 *
 * @param goesOn Is asked before each piece.
 * @param marks Default: the marks of lines are not looked at.
 * @returns What it found; `undefined` if it did not go on.
 */
export async function checkEarlier(
  handle: FileHandle,
  size: number,
  goesOn: () => boolean,
  marks?: MarkCheck,
): Promise<Verdict | undefined> {
  const check = createChainCheck(marks)
  const piece = Buffer.alloc(pieceBytes)
  let begun: Buffer[] = []
  let begunBytes = 0
  for (let at = 0; at < size; ) {
    if (!goesOn()) return undefined
    const { bytesRead } = await handle.read(piece, 0, Math.min(pieceBytes, size - at), at)
    if (bytesRead === 0) break
    at += bytesRead
    const [first, ...others] = splitLines(Buffer.from(piece.subarray(0, bytesRead))) as [Buffer, ...Buffer[]]
    begun.push(first)
    begunBytes += first.length
    const rest = others.pop()
    if (begunBytes > maxLineBytes || rest !== undefined) {
      const lines = [Buffer.concat(begun), ...others]
      if (!lines.every((line) => check.line(line))) return check.verdict(false)
      begun = [rest ?? Buffer.alloc(0)]
      begunBytes = begun[0]?.length ?? 0
    }
  }
  if (begunBytes > 0) check.line(Buffer.concat(begun))
  // A process may have ended in the middle of the last line; the next line says so.
  return check.verdict(false)
}
