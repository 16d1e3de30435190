import { type Dimension, dimensions } from './dimensions.js'
import { streamsWithin } from './file-limit.js'
import { type HeldStreams, holdStreams } from './hold-streams.js'
import type { Bench } from './interleave.js'
import type { RequestsJob } from './job.js'
import { type Grown, startGrown } from './measure-growth.js'
import { requestsRound } from './measure-requests.js'

/** One step along a chart. */
export interface ChartStep {
  readonly count: number
  /** CPU time of a JSON request in each round, in microseconds. */
  readonly costs: number[]
  /** What the process holds for each open stream, in kB; only along streams, from 100 on. */
  readonly perStream?: number
}

export type ChartsResult = Partial<Record<Dimension['name'], readonly ChartStep[]>>

/** Below so many streams, what the process holds for one cannot be told from its own ups and downs. */
const leastForMemory = 100

/** The first event, and then silence for longer than a run. */
const silent = { events: 2, interval: 3_600_000 }

/** How many steps a run shows of it. */
export const chartSteps = dimensions.reduce((sum, { steps }) => sum + steps.length + 1, 0)

/** Measures what a JSON request costs along every dimension, all steps of one in turn. */
export async function measureCharts(bench: Bench): Promise<ChartsResult> {
  const result: ChartsResult = {}
  for (const dimension of dimensions) result[dimension.name] = await measureDimension(bench, dimension)
  return result
}

interface Running {
  readonly subject: Grown
  readonly step: ChartStep
  readonly held: HeldStreams | undefined
}

async function measureDimension(bench: Bench, dimension: Dimension): Promise<readonly ChartStep[]> {
  const { rounds, seconds, least } = bench.plan.growth
  const running: Running[] = []
  for (const count of dimension.steps) {
    bench.progress.step(`growth along ${dimension.name}: a start with ${count}`)
    running.push(await startStep(bench, dimension, count))
  }
  bench.progress.step(`growth along ${dimension.name}: ${rounds} rounds`)
  for (let number = 1; number <= rounds; number += 1)
    // There and back, so that none always comes first.
    for (const { subject, step } of number % 2 === 1 ? running : running.toReversed())
      step.costs.push((await requestsRound(subject, jobOf(bench, subject, seconds, least.round))).cpuPerRequest)
  for (const { subject, held } of running) {
    await held?.stop()
    await subject.child.stop()
  }
  return running.map(({ step }) => step)
}

async function startStep(bench: Bench, { name, sizeAt }: Dimension, asked: number): Promise<Running> {
  const { warmup, least } = bench.plan.growth
  const count = name === 'streams' ? streamsWithin(asked) : asked
  const subject = await startGrown({ format: 'JSON', size: sizeAt(count) }, bench)
  await requestsRound(subject, jobOf(bench, subject, warmup, least.warmup))
  const held = name === 'streams' ? await holdStreams(subject, count, silent) : undefined
  const perStream = held !== undefined && count >= leastForMemory ? { perStream: held.perStream } : {}
  return { subject, step: { count, costs: [], ...perStream }, held }
}

function jobOf({ plan }: Bench, { target }: Grown, seconds: number, least: number): RequestsJob {
  return { mode: 'requests', kind: 'chat', target, connections: plan.growth.connections, seconds, least }
}
