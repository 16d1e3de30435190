import { type Stats, statSync } from 'node:fs'

/**
 * Looks at a file before it is read at once: reading a pipe or a terminal would wait for ever, and everything with it.
 *
 * @throws {Error} with `code` `EISDIR` or `ENOTREG` if it is no regular file, and what `stat` throws.
 */
export function regularFile(path: string): Stats {
  const stats = statSync(path)
  if (stats.isFile()) return stats
  const code = stats.isDirectory() ? 'EISDIR' : 'ENOTREG'
  throw Object.assign(new Error(`${code}: ${path} is no regular file`), { code })
}
