import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Failure } from './failure.mjs'

const execute = promisify(execFile)

/**
 * Runs a program to its end.
 *
 * @returns What it printed on stdout.
 * @throws {Failure} if it fails, with what it printed.
 */
export async function run(program, words, options = {}) {
  try {
    const { stdout } = await execute(program, words, { maxBuffer: 2 ** 26, ...options })
    return stdout
  } catch (error) {
    throw new Failure(`${program} ${words.join(' ')} failed.\n${error.stderr ?? ''}${error.stdout ?? ''}`.trimEnd())
  }
}
