/** The thread in which functions are called. What they throw, at once or later, is a fault of the input that did it. */

import { parentPort, workerData } from 'node:worker_threads'
import { Choices } from '../choices.js'
import { describeError, type Fault } from '../fault.js'
import { longestTurnMs, took } from './bounds.js'
import type { ValueJob, ValueResult } from './value-pool.js'
import { valueTargets } from './value-targets.js'
import type { ValueTarget } from './values.js'

const at = new Int32Array(workerData as SharedArrayBuffer)

let unhandled: unknown
process.on('unhandledRejection', (reason) => {
  unhandled ??= reason
})

async function runOne(target: ValueTarget, choices: Choices): Promise<{ readonly faults: Fault[]; readonly tookMs: number }> {
  let tookMs = 0
  const call = <Result>(run: () => Result): Result => {
    const begunAt = performance.now()
    const cpuThen = process.cpuUsage()
    const stop = (): void => {
      const { user, system } = process.cpuUsage(cpuThen)
      tookMs = Math.max(tookMs, Math.min(performance.now() - begunAt, (user + system) / 1000))
    }
    let result: Result | undefined
    try {
      result = run()
    } finally {
      if (result instanceof Promise) void result.then(stop, stop)
      else stop()
    }
    return result
  }
  const faults: Fault[] = []
  try {
    const checked = target.check(choices, call)
    const fault = checked instanceof Promise ? await checked : checked
    if (fault !== undefined) faults.push(fault)
  } catch (error) {
    faults.push({ kind: 'crash', what: describeError(error) })
  }
  if (tookMs > longestTurnMs) faults.push({ kind: 'stall', what: 'one call took too long', ...took(tookMs) })
  if (unhandled !== undefined) faults.push({ kind: 'crash', what: `rejected, and nobody heard: ${describeError(unhandled)}` })
  unhandled = undefined
  return { faults, tookMs }
}

parentPort?.on('message', async ({ target: name, sources }: ValueJob) => {
  const target = valueTargets.find((one) => one.name === name) as ValueTarget
  const found: [number, Fault[]][] = []
  let longestMs = 0
  for (const [index, source] of sources.entries()) {
    Atomics.store(at, 0, index)
    const { faults, tookMs } = await runOne(target, Choices.from(source))
    if (faults.length > 0) found.push([index, faults])
    longestMs = Math.max(longestMs, tookMs)
  }
  const result: ValueResult = { found, longestMs }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(result)
})
