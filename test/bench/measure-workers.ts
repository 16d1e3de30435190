import type { Bench, Rounds } from './interleave.js'
import type { RequestsJob } from './job.js'
import type { RequestsRound } from './measure-requests.js'
import { startPostern } from './postern.js'
import { cpuOfProcess } from './proc.js'
import { load, loadWithCpu } from './run-load.js'
import type { RunningSubject } from './subjects.js'

/** A Postern with some workers. */
export interface WorkersCase {
  readonly name: string
  readonly title: string
  readonly workers: number
  /** What it is held against, by name. */
  readonly alone: string
  readonly further: Readonly<Record<string, unknown>>
}

/** What workers share is asked for each request: a limit in a store that the primary keeps, and a ledger that each worker writes. */
const shared = {
  store: { memory: true },
  limits: { rules: [{ name: 'calls', each: 'team', per: 'minute', requests: 1_000_000_000 }] },
  ledger: { keep: '1d' },
}

/** One process and two workers with their primary, each without and with something that they share. */
export const workersCases: readonly WorkersCase[] = [
  { name: '1', title: 'one process', workers: 1, alone: '1', further: {} },
  { name: '2', title: 'two workers and their primary', workers: 2, alone: '1', further: {} },
  { name: '1-shared', title: 'one process, with a limit and a ledger', workers: 1, alone: '1-shared', further: shared },
  { name: '2-shared', title: 'two workers and their primary, with a limit and a ledger', workers: 2, alone: '1-shared', further: shared },
]

export interface WorkersRound extends RequestsRound {
  /** CPU time of the first process alone, in microseconds for each request: with workers that is the primary, which there is one of. */
  readonly firstPerRequest: number
}

/** By the name of the case. */
export async function measureWorkers(bench: Bench): Promise<Rounds<WorkersRound>> {
  const { rounds, warmup, seconds, least } = bench.plan.json
  const results: Rounds<WorkersRound> = {}
  const running: (readonly [string, RunningSubject])[] = []
  for (const { name, workers, further } of workersCases) {
    bench.progress.step(`workers: warming up ${name}`)
    const subject = await startPostern(bench.upstream, { node: bench.node, workers, further })
    // Each worker has as many requests to become warm.
    await load(subject, jobOf(bench, subject, warmup, least.warmup * workers))
    running.push([name, subject])
  }
  for (let number = 1; number <= rounds; number += 1) {
    for (const [name, subject] of running) {
      bench.progress.step(`workers: round ${number}, ${name}`)
      ;(results[name] ??= []).push(await workersRound(subject, jobOf(bench, subject, seconds, least.round)))
    }
  }
  await Promise.all(running.map(([, { child }]) => child.stop()))
  return results
}

function jobOf({ plan }: Bench, { target }: RunningSubject, seconds: number, least: number): RequestsJob {
  return { mode: 'requests', kind: 'chat', target, connections: plan.json.connections, seconds, least }
}

async function workersRound(subject: RunningSubject, job: RequestsJob): Promise<WorkersRound> {
  const before = cpuOfProcess(subject.child.pid)
  const [outcome, cpu] = await loadWithCpu(subject, job)
  return {
    cpuPerRequest: cpu / outcome.requests,
    firstPerRequest: (cpuOfProcess(subject.child.pid) - before) / outcome.requests,
    requestsPerSecond: outcome.requests / outcome.seconds,
    busy: cpu / 1e6 / outcome.seconds,
  }
}
