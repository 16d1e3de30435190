import { readFileSync } from 'node:fs'

/** Where the system does not say: what most give a process. */
const usual = 1024

/** How many files and connections this process may have open at once. Node raises the soft bound to the hard one at its start. */
export function openFiles(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? usual : Number(soft)
  } catch {
    return usual
  }
}
