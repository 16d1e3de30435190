import { readFileSync } from 'node:fs'

/** If the system does not tell the limit: the usual soft limit of a process. */
const usual = 1024

/**
 * How many file descriptors this process may have open at once. Reads the soft limit, which Node raises to the hard one
 * when it starts. 1,024 if `/proc/self/limits` does not exist or does not tell.
 */
export function openFiles(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? usual : Number(soft)
  } catch {
    return usual
  }
}
