import { readFileSync } from 'node:fs'

/**
 * Whether a process still runs. One that has ended, and whose end nobody has asked for yet, does not: the process 1 of a container takes
 * its time for orphans, or never asks.
 */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    // The state stands after the name of the program, which is in brackets and may hold any character.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !['Z', 'X'].includes(stat.charAt(stat.lastIndexOf(')') + 2))
  } catch {
    return process.platform !== 'linux'
  }
}
