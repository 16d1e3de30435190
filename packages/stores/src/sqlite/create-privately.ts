import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { realFile } from './real-file.js'

/**
 * Creates an empty file that only its owner may read (mode 0600), unless it exists. If the path is a symbolic link, the
 * file is created where it leads: whoever opens the link next would create it readable to others.
 *
 * A file that exists is not opened: closing it again would release every lock that this process has on it, also the
 * locks of an open database connection (fcntl(2)).
 *
 * @param what What the file is, for messages.
 * @returns Where the file is: {@link realFile} of the path.
 * @throws {Error} if the path is not absolute, its folder does not exist, or the file may not be created.
 */
export function createPrivately(file: string, what: 'store' | 'ledger' = 'store'): string {
  if (!isAbsolute(file))
    throw new Error(`The path of the ${what} must be absolute; "${file}" is not. Write resolve('${file}'), with resolve of node:path.`)
  const real = realFile(file)
  if (!existsSync(dirname(real))) throw new Error(`The ${what} ${file} cannot be created: the folder ${dirname(real)} does not exist.`)
  try {
    closeSync(openSync(real, 'wx', 0o600))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw new Error(`The ${what} ${file} cannot be created: ${code}.`, { cause: error })
  }
  return real
}
