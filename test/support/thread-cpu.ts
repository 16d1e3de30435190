import { readdirSync, readFileSync } from 'node:fs'

/** Processor time of this process so far, in milliseconds: of the thread that runs its event loop, and of all others together. Linux alone. */
export interface ThreadCpu {
  readonly main: number
  readonly others: number
}

/** Reads it from `/proc`, to the nanosecond; a thread that has ended meanwhile is not in it. */
export function threadCpu(): ThreadCpu {
  const tasks = '/proc/self/task'
  // The first thread of a process bears its number.
  const main = cpuOf(`${tasks}/${process.pid}`)
  const all = readdirSync(tasks).reduce((sum, id) => sum + cpuOf(`${tasks}/${id}`), 0)
  return { main, others: all - main }
}

function cpuOf(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return 0
  }
}
