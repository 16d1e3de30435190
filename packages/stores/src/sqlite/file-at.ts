import { statSync } from 'node:fs'

/**
 * The device and inode of the file at a path, links followed; `undefined` if it cannot be reached. While a process has a file
 * open, no other file gets the same numbers.
 */
export function fileAt(path: string): string | undefined {
  try {
    // `stat` and not `open`: closing a second descriptor would drop this process's locks. See `createPrivately`.
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
