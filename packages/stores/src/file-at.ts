import { statSync } from 'node:fs'

/**
 * Which file is at a path, links followed: its device and its inode. `undefined`: none that can be reached. While a
 * process has a file open, no other file gets the same ones.
 */
export function fileAt(path: string): string | undefined {
  try {
    // Only asked for, never opened: see `createPrivately`.
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
