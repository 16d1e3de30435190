import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.js'
import type { Bench } from './interleave.js'
import type { LimitsCosts, LimitsJob } from './job.js'
import { startRedis } from './redis.js'

/** CPU time that a call costs in the corridor without limits and under three, in microseconds, by store. */
export async function measureLimits(bench: Bench): Promise<LimitsCosts> {
  bench.progress.step('three rules')
  const directory = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  const redis = await startRedis(directory)
  const child = Child.own('limits-room', [], bench.node)
  const job: LimitsJob = { ...bench.plan.limits, directory, redisUrl: redis.url }
  child.tell(job)
  try {
    return await child.line<LimitsCosts>()
  } finally {
    await child.stop()
    await redis.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
