import { readFileSync } from 'node:fs'

/** The unit of utime and stime, in milliseconds: 100 ticks a second on every Linux that Node runs on. */
const tickMs = 10

/** What Linux says of a process. */
export interface ProcessUsage {
  /** CPU time of all its threads since its start, user and system, in milliseconds. */
  readonly cpuMs: number
  /** The memory that it holds, in MB. */
  readonly residentMb: number
  /** The most that it has held so far, in MB. */
  readonly highestMb: number
}

/** Reads /proc. @throws {Error} if the process has ended. */
export function usageOf(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field is the name, in parentheses, and may contain anything: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1024
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    residentMb: megabytes('VmRSS'),
    highestMb: megabytes('VmHWM'),
  }
}

/** The process at the end of a chain of processes that have one child each, such as a shell and what it runs. */
export function lastOfChain(pid: number): number {
  for (let last = pid; ; ) {
    const [child] = childrenOf(last)
    if (child === undefined) return last
    last = child
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    // It has just ended.
    return []
  }
}
