import { Child } from './child.js'
import type { Bench } from './interleave.js'
import type { LeakCosts, LeakJob } from './job.js'

/** How many keys are loaded; the cost is to be the same. */
export const loadedKeys = [1, 100_000] as const

/** CPU time that searching an answer for keys costs by itself, in microseconds. */
export async function measureLeak(bench: Bench): Promise<LeakCosts> {
  bench.progress.step('the search for keys')
  const child = Child.own('leak-room', [], bench.node)
  const job: LeakJob = { keys: loadedKeys, ...bench.plan.leak }
  child.tell(job)
  try {
    return await child.line<LeakCosts>()
  } finally {
    await child.stop()
  }
}
