/** What Linux knows about a process and its children, from /proc. */

import { readdirSync, readFileSync } from 'node:fs'

/** The unit of utime and stime, in microseconds: 100 ticks a second on every Linux that Node runs on. */
const TICK_MICROSECONDS = 10_000

interface Stat {
  readonly pid: number
  readonly parent: number
  /** User and system time of all threads, in ticks. */
  readonly ticks: number
}

function statOf(pid: number): Stat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the name, in parentheses, and may contain anything: count from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}

/** A process and all that descend from it. */
function familyOf(pid: number): Stat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
  const family: Stat[] = []
  let generation = all.filter((stat) => stat?.pid === pid)
  while (generation.length > 0) {
    for (const stat of generation) if (stat !== undefined) family.push(stat)
    const parents = new Set(generation.map((stat) => stat?.pid))
    generation = all.filter((stat) => stat !== undefined && parents.has(stat.parent))
  }
  return family
}

/** CPU time, user and system, that a process and its children have used so far, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  return familyOf(pid).reduce((sum, { ticks }) => sum + ticks * TICK_MICROSECONDS, 0)
}

/** CPU time, user and system, that a process alone has used so far, in microseconds. */
export function cpuOfProcess(pid: number): number {
  return (statOf(pid)?.ticks ?? 0) * TICK_MICROSECONDS
}

/** Memory that a process and its children hold, in kB. */
export function residentKilobytes(pid: number): number {
  return familyOf(pid).reduce((sum, stat) => {
    const status = readFileSync(`/proc/${stat.pid}/status`, 'latin1')
    return sum + Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0)
  }, 0)
}
