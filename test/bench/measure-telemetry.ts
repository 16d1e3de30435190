import { Child } from './child.js'
import type { Bench } from './interleave.js'
import type { TelemetryCosts, TelemetryJob } from './job.js'

/** CPU time that counting a call, and writing its spans, costs by itself, in microseconds. */
export async function measureTelemetry(bench: Bench): Promise<TelemetryCosts> {
  bench.progress.step('metrics and spans')
  const child = Child.own('telemetry-room', [], bench.node)
  const job: TelemetryJob = bench.plan.telemetry
  child.tell(job)
  try {
    return await child.line<TelemetryCosts>()
  } finally {
    await child.stop()
  }
}
