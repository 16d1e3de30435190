import { type Stats, statSync } from 'node:fs'

/**
 * Returns the `stat` of a file that may be read synchronously. Reading a pipe or a terminal would block the process for ever.
 *
 * @throws {Error} with the code `EISDIR` for a folder, `ENOTREG` for a pipe or device, and every error of `stat`.
 */
export function regularFile(path: string): Stats {
  const stats = statSync(path)
  if (stats.isFile()) return stats
  // After a plain `stat` of a pipe or socket, Node's search for modules no longer follows links.
  statSync('.')
  const code = stats.isDirectory() ? 'EISDIR' : 'ENOTREG'
  throw Object.assign(new Error(`${code}: ${path} is no regular file`), { code })
}
