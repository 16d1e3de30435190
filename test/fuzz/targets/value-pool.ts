import { Worker } from 'node:worker_threads'
import type { Fault } from '../fault.js'
import type { Source } from '../choices.js'

/** What a thread is asked to run. */
export interface ValueJob {
  readonly target: string
  readonly sources: readonly Source[]
}

/** What it found. */
export interface ValueResult {
  readonly found: readonly (readonly [at: number, faults: readonly Fault[]])[]
  readonly longestMs: number
}

/** How much of the processor one call may take before its thread is ended, in milliseconds; less once its target has had such a call. */
const mostMs = 3000
const mostAgainMs = 300
const hadEndless = new Set<string>()
const lookMs = 100

interface Running {
  readonly worker: Worker
  /** The input that the thread is at. */
  readonly at: Int32Array
}

let running: Running | undefined

function begin(): Running {
  const shared = new SharedArrayBuffer(4)
  const worker = new Worker(new URL('./value-worker.js', import.meta.url), { workerData: shared })
  worker.unref()
  return { worker, at: new Int32Array(shared) }
}

/** Runs inputs of a target in a thread; one whose call does not end is a stall, and the thread is replaced. */
export async function runInWorker(
  target: string,
  sources: readonly Source[],
): Promise<{ readonly found: ReadonlyMap<number, readonly Fault[]>; readonly longestMs: number }> {
  const found = new Map<number, readonly Fault[]>()
  let longestMs = 0
  for (let from = 0; from < sources.length; ) {
    running ??= begin()
    const { done, result } = await runPart(running, { target, sources: sources.slice(from) })
    if (result !== undefined) {
      for (const [at, faults] of result.found) found.set(from + at, faults)
      longestMs = Math.max(longestMs, result.longestMs)
      break
    }
    running = undefined
    hadEndless.add(target)
    found.set(from + done, [{ kind: 'stall', what: 'one call took too long', detail: 'it was ended' }])
    longestMs = Math.max(longestMs, mostMs)
    from += done + 1
  }
  return { found, longestMs }
}

function runPart({ worker, at }: Running, job: ValueJob): Promise<{ readonly done: number; readonly result?: ValueResult }> {
  const most = hadEndless.has(job.target) ? mostAgainMs : mostMs
  Atomics.store(at, 0, -1)
  return new Promise((resolve, reject) => {
    let seen = -1
    let since = process.cpuUsage()
    const finish = (): void => {
      clearInterval(watch)
      worker.off('message', told).off('error', failed)
    }
    const watch = setInterval(() => {
      const now = Atomics.load(at, 0)
      if (now !== seen || now === -1) {
        seen = now
        since = process.cpuUsage()
        return
      }
      // By the processor, since this machine may have other work: this thread only waits, so what is used is that one's.
      const { user, system } = process.cpuUsage(since)
      if ((user + system) / 1000 < most) return
      finish()
      void worker.terminate().then(() => resolve({ done: now }))
    }, lookMs)
    const told = (result: ValueResult): void => {
      finish()
      resolve({ done: job.sources.length, result })
    }
    const failed = (error: unknown): void => {
      finish()
      running = undefined
      reject(error instanceof Error ? error : new Error(String(error)))
    }
    worker.on('message', told).on('error', failed)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(job)
  })
}
