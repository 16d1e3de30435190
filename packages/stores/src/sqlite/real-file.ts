import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** The most links that one path leads over; Linux follows 40. */
const mostLinks = 40

/**
 * Where an absolute path leads if it is a symbolic link; unlike `realpath`, also if there is no file yet. One file has one
 * such path, however many links lead to it.
 *
 * @throws {Error} if the links lead in a circle.
 */
export function realFile(file: string): string {
  let path = file
  for (let links = 0; links <= mostLinks; links += 1) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return path
    if (existsSync(path)) return realpathSync(path)
    // `..` in a link begins where the folder is, not where a link to that folder is.
    const folder = existsSync(dirname(path)) ? realpathSync(dirname(path)) : dirname(path)
    path = resolve(folder, readlinkSync(path))
  }
  throw new Error(`The store ${file} cannot be used: its links lead in a circle.`)
}
