import type { Bench, Rounds } from './interleave.js'
import type { RequestsJob } from './job.js'
import type { RequestsRound } from './measure-requests.js'
import { startPostern } from './postern.js'
import { cpuOfProcess } from './proc.js'
import { load, loadWithCpu } from './run-load.js'

/** What is compared: one process, and two workers with their primary. */
export const workerCounts = [1, 2] as const

export interface WorkersRound extends RequestsRound {
  /** CPU time of the first process alone, in microseconds for each request: with workers that is the primary, which there is one of. */
  readonly firstPerRequest: number
}

/** By the number of workers. Limits and ledger are on, so that what workers share is asked for each request. */
export async function measureWorkers(bench: Bench): Promise<Rounds<WorkersRound>> {
  const { rounds, warmup, seconds, connections, least } = bench.plan.json
  const results: Rounds<WorkersRound> = {}
  const running = []
  for (const workers of workerCounts) {
    bench.progress.step(`workers: warming up ${workers}`)
    const further = {
      store: { memory: true },
      limits: { rules: [{ name: 'calls', each: 'team', per: 'minute', requests: 1_000_000_000 }] },
      ledger: { keep: '1d' },
    }
    const subject = await startPostern(bench.upstream, { node: bench.node, workers, further })
    const job = (duration: number, atLeast: number): RequestsJob => ({
      mode: 'requests',
      kind: 'chat',
      target: subject.target,
      connections,
      seconds: duration,
      least: atLeast,
    })
    await load(subject, job(warmup, least.warmup))
    running.push({ workers, subject, job })
  }
  for (let number = 1; number <= rounds; number += 1) {
    for (const { workers, subject, job } of running) {
      bench.progress.step(`workers: round ${number}, ${workers}`)
      const before = cpuOfProcess(subject.child.pid)
      const [outcome, cpu] = await loadWithCpu(subject, job(seconds, least.round))
      ;(results[workers] ??= []).push({
        cpuPerRequest: cpu / outcome.requests,
        firstPerRequest: (cpuOfProcess(subject.child.pid) - before) / outcome.requests,
        requestsPerSecond: outcome.requests / outcome.seconds,
        busy: cpu / 1e6 / outcome.seconds,
      })
    }
  }
  await Promise.all(running.map(({ subject }) => subject.child.stop()))
  return results
}
