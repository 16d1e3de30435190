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

/** Up to this length of a request as many are sent as of short ones. */
const usualBytes = 10_000

/** How many requests of some length are sent at a time: of the longest ones, each more would take a second. */
const longConnections = 4

/** How many steps a run shows of it. */
export function chartSteps(along: readonly Dimension['name'][]): number {
  return dimensions.filter(({ name }) => along.includes(name)).reduce((sum, { steps }) => sum + steps.length + 1, 0)
}

/** Measures what a JSON request costs along every dimension, all steps of one in turn. */
export async function measureCharts(bench: Bench): Promise<ChartsResult> {
  const result: ChartsResult = {}
  for (const dimension of dimensions)
    if (bench.plan.along.includes(dimension.name)) result[dimension.name] = await measureDimension(bench, dimension)
  return result
}

interface Running {
  readonly subject: Grown
  readonly step: ChartStep
  readonly held: HeldStreams | undefined
}

async function measureDimension(bench: Bench, dimension: Dimension): Promise<readonly ChartStep[]> {
  const { rounds, seconds, warmup, least } = bench.plan.growth
  const running: Running[] = []
  for (const count of dimension.steps) {
    bench.progress.step(`growth along ${dimension.name}: a start with ${count}`)
    running.push(await startStep(bench, dimension, count))
  }
  bench.progress.step(`growth along ${dimension.name}: ${rounds} rounds`)
  const measure = async ({ subject, step: { count } }: Running, duration: number, atLeast: number): Promise<number> =>
    (await requestsRound(subject, jobOf(bench, subject, duration, atLeast, bytesAt(dimension, count)))).cpuPerRequest
  // Once more, since the first ones have waited for the starts of the others, and V8 gives up code that nothing runs.
  for (const each of running) await measure(each, warmup, least.warmup)
  for (let number = 1; number <= rounds; number += 1)
    // There and back, so that none always comes first.
    for (const each of number % 2 === 1 ? running : running.toReversed()) each.step.costs.push(await measure(each, seconds, least.round))
  for (const { subject, held } of running) {
    await held?.stop()
    await subject.child.stop()
  }
  return running.map(({ step }) => step)
}

async function startStep(bench: Bench, dimension: Dimension, asked: number): Promise<Running> {
  const { name, sizeAt } = dimension
  const { warmup, least } = bench.plan.growth
  const count = name === 'streams' ? streamsWithin(asked) : asked
  const subject = await startGrown({ format: 'JSON', size: sizeAt(count) }, bench)
  await requestsRound(subject, jobOf(bench, subject, warmup, least.warmup, bytesAt(dimension, count)))
  const held = name === 'streams' ? await holdStreams(subject, count, silent) : undefined
  const perStream = held !== undefined && count >= leastForMemory ? { perStream: held.perStream } : {}
  return { subject, step: { count, costs: [], ...perStream }, held }
}

function bytesAt({ name }: Dimension, count: number): number | undefined {
  return name === 'bodies' ? count : undefined
}

/** Of long requests fewer are enough: each takes as long as many short ones. */
function jobOf({ plan }: Bench, { target }: Grown, seconds: number, least: number, bytes: number | undefined): RequestsJob {
  const enough = Math.ceil(least * Math.min(1, usualBytes / (bytes ?? usualBytes)))
  return {
    mode: 'requests',
    kind: 'chat',
    target,
    connections: bytes === undefined ? plan.growth.connections : longConnections,
    seconds,
    least: enough,
    bytes,
  }
}
