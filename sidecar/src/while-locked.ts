import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from './failure.js'

/** How long a command waits for another one that changes the same file, in milliseconds. */
const longestWaitMs = 5000
const pauseMs = 25

/**
 * Does work that reads and then writes a file, while no other command does so: a lock file beside it stands for that.
 *
 * A lock is never broken, since nobody can tell for certain that its owner has ended. A command that is killed at the wrong
 * moment leaves it behind; the next one then says which file to delete.
 *
 * @throws {Failure} if the lock is still there after some seconds, or cannot be made.
 */
export function whileLocked<T>(file: string, work: () => T): T {
  const lock = `${file}.lock`
  mkdirSync(dirname(file), { recursive: true })
  const until = Date.now() + longestWaitMs
  while (!take(lock)) {
    if (Date.now() > until)
      throw new Failure(
        `Nothing is changed: another command is changing ${file}.\nIf none is, delete ${lock}, which a killed command left.`,
      )
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}\n`, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new Failure(`Nothing is changed: ${lock} cannot be made: ${message}`)
  }
}
