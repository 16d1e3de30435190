import type { FileHandle } from 'node:fs/promises'
import type { WrittenEntry } from './audit.js'
import { readLine, splitLines } from './line.js'

/** How much of the end of the file is read. */
const endBytes = 512 * 1024

/** Reads the last lines of an audit, the newest first. What cannot be read is left out. @param most How many at most. */
export async function readLastLines(handle: FileHandle, most: number): Promise<readonly WrittenEntry[]> {
  const { size } = await handle.stat()
  const from = Math.max(0, size - endBytes)
  const bytes = Buffer.alloc(size - from)
  await handle.read(bytes, 0, bytes.length, from)
  const lines = splitLines(bytes).flatMap((line) => readLine(line) ?? [])
  return lines
    .toReversed()
    .slice(0, most)
    .map(({ before: _before, chain: _chain, mac: _mac, ...entry }) => entry as WrittenEntry)
}
