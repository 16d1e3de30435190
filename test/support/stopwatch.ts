import { readFileSync } from 'node:fs'

/** Measures a time that was promised, and does not count by how much a busy machine was late. What it says after `stop` stays. */
export interface Stopwatch {
  /** Milliseconds since the start, without {@link lateMs}. */
  ms(): number
  /** For how many milliseconds this process, and those that are watched, could have run and did not get a processor. */
  lateMs(): number
  /** Ends the measurement, and gives {@link ms}. */
  stop(): number
}

const tickMs = 10
/** The tick itself, and what a timer is late on a quiet machine. */
const usualMs = 2 * tickMs

/**
 * Starts to measure. This process's lateness is how late its own timer is, but for what the process computed in the meantime: a
 * loop that is kept busy by the code under test counts in full.
 *
 * @param pids Other processes that have a part in what is measured. Theirs is what Linux says they waited for a processor;
 *   elsewhere nothing.
 */
export function startStopwatch(...pids: readonly number[]): Stopwatch {
  const waitedBefore = pids.map(waitedMs)
  const began = performance.now()
  let lookedAt = began
  let computed = process.cpuUsage()
  let ownMs = 0
  let stopped: { readonly ms: number; readonly lateMs: number } | undefined
  const look = (): void => {
    const now = performance.now()
    const { user, system } = process.cpuUsage(computed)
    ownMs += Math.max(0, now - lookedAt - usualMs - (user + system) / 1000)
    lookedAt = now
    computed = process.cpuUsage()
  }
  const timer = setInterval(look, tickMs)
  const lateMs = (): number => {
    if (stopped !== undefined) return stopped.lateMs
    look()
    return pids.reduce((sum, pid, index) => sum + Math.max(0, waitedMs(pid) - (waitedBefore[index] ?? 0)), ownMs)
  }
  const ms = (): number => stopped?.ms ?? performance.now() - began - lateMs()
  return {
    ms,
    lateMs,
    stop() {
      clearInterval(timer)
      stopped = { lateMs: lateMs(), ms: ms() }
      return stopped.ms
    },
  }
}

/** How long the main thread of a process has waited for a processor since it began; 0 if the system does not tell. */
function waitedMs(pid: number): number {
  try {
    const [, waited = '0'] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')
    return Number(waited) / 1e6
  } catch {
    return 0
  }
}

/** Gives what comes of a promise, and how long it took, in milliseconds; see {@link startStopwatch}. */
export async function timed<Result>(
  work: Promise<Result>,
  ...pids: readonly number[]
): Promise<{ readonly result: Result; readonly ms: number }> {
  const watch = startStopwatch(...pids)
  try {
    const result = await work
    return { result, ms: watch.ms() }
  } finally {
    watch.stop()
  }
}
