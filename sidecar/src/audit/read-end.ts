import type { FileHandle } from 'node:fs/promises'
import { Failure } from '../failure.js'
import { digestOf, digestOfTorn, looksTorn, readLine, splitLines } from './line.js'

/** How much of a file's end is read: many times the longest line. */
const endBytes = 1024 * 1024

/** How an audit ends: what the next line needs. */
export interface AuditEnd {
  readonly size: number
  /** The SHA-256 of the last whole line; `null` without any. */
  readonly last: string | null
  /** The chain of the last whole line, if lines have marks. */
  readonly chain: string | undefined
  /** Whether there is a line break at the end, or nothing at all. */
  readonly isEnded: boolean
  /** The digest of what stands behind the last whole line: a process ended while writing it. */
  readonly torn: string | undefined
}

/** @throws {Failure} if the file has content and no whole line of an audit near its end. */
export async function readEnd(handle: FileHandle, path: string): Promise<AuditEnd> {
  const { size } = await handle.stat()
  const from = Math.max(0, size - endBytes)
  const bytes = Buffer.alloc(size - from)
  await handle.read(bytes, 0, bytes.length, from)
  const pieces = splitLines(bytes)
  const isEnded = pieces.at(-1)?.length === 0
  const lines = isEnded ? pieces.slice(0, -1) : pieces
  const place = lines.findLastIndex((line) => readLine(line) !== undefined)
  const behind = lines.slice(place + 1)
  if (place === -1 && (from > 0 || !behind.every(looksTorn)))
    throw new Failure(`${path} holds something other than an audit. Choose another path for audit.file.`)
  const lastLine = lines[place]
  return {
    size,
    chain: lastLine === undefined ? undefined : readLine(lastLine)?.chain,
    last: lastLine === undefined ? null : digestOf(lastLine),
    isEnded,
    // Anything else was written by somebody else; it stays a fault for whoever verifies the audit.
    torn: behind.length > 0 && behind.every(looksTorn) ? digestOfTorn(behind) : undefined,
  }
}
