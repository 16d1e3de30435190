import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Failure } from './failure.js'

/**
 * Writes a file that only its owner can read. `rename` replaces the old one at once, so it is never half written. If `file`
 * is a symbolic link, it stays one, and the file that it leads to is replaced. The owner stays the same, as root too: the
 * process that reads the file may run as that user.
 *
 * @throws {Failure} if another user owns the file, and this user may not give the new file to that user; the file stays as it was.
 */
export function writePrivately(file: string, text: string): void {
  const target = followLinks(file)
  mkdirSync(dirname(target), { recursive: true })
  const temporary = `${target}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode: 0o600 })
  try {
    keepOwner(target, temporary)
    renameSync(temporary, target)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

function keepOwner(from: string, to: string): void {
  const [old, fresh] = [statSync(from, { throwIfNoEntry: false }), statSync(to)]
  if (old === undefined || (old.uid === fresh.uid && old.gid === fresh.gid)) return
  try {
    chownSync(to, old.uid, old.gid)
  } catch (error) {
    // With mode 0600 the group alone does not matter.
    if (old.uid !== fresh.uid)
      throw new Failure(
        `Nothing is changed: ${from} belongs to another user (uid ${old.uid}). Run this command as that user, or as root.`,
        {
          cause: error,
        },
      )
  }
}

/** The path that symbolic links lead to; unlike `realpath`, also if there is no file yet. */
export function followLinks(file: string): string {
  const link = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true
  if (!link) return file
  return existsSync(file) ? realpathSync(file) : followLinks(resolve(dirname(file), readlinkSync(file)))
}
