import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.js'
import { type Bench, interleave, type Rounds } from './interleave.js'
import type { Outcomes, SseJob } from './job.js'
import { plainTarget } from './plain-target.js'
import { residentKilobytes } from './proc.js'
import { load, loadWithCpu, outcomeOf } from './run-load.js'
import { quantile } from './statistics.js'
import type { RunningSubject } from './subjects.js'

export interface SseRound {
  /** CPU time of the proxy, in microseconds. */
  readonly cpuPerEvent: number
  readonly eventsPerSecond: number
  /** Events in one piece of the body: about 1 unless somebody holds events back. */
  readonly eventsPerPiece: number
}

/** Times to the first byte of the body, in milliseconds. */
export interface TtftRound {
  readonly direct: { readonly p50: number; readonly p99: number }
  readonly through: { readonly p50: number; readonly p99: number }
  /** The difference of the two. */
  readonly added: { readonly p50: number; readonly p99: number }
}

export interface MemoryRound {
  /** Memory of the proxy with no stream and with all of them, in kB. */
  readonly idle: number
  readonly open: number
  readonly perStream: number
}

export function measureSse(bench: Bench): Promise<Rounds<SseRound>> {
  const { streams, pace, warmup, seconds, rounds } = bench.plan.sse
  const job = (subject: RunningSubject, duration: number): SseJob => ({
    mode: 'sse',
    target: subject.target,
    streams,
    pace,
    seconds: duration,
  })
  return interleave(bench, 'SSE events', {
    rounds,
    warmUp: (subject) => load(subject, job(subject, warmup)),
    round: async (subject) => {
      const [outcome, cpu] = await loadWithCpu(subject, job(subject, seconds))
      return {
        cpuPerEvent: cpu / outcome.events,
        eventsPerSecond: outcome.events / outcome.seconds,
        eventsPerPiece: outcome.events / outcome.pieces,
      }
    },
  })
}

function percentiles(times: readonly number[]): { p50: number; p99: number } {
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}

export function measureTtft(bench: Bench): Promise<Rounds<TtftRound>> {
  const { pace, warmup, streams, rounds } = bench.plan.ttft
  const run = ({ target, child }: RunningSubject, count: number): Promise<Outcomes['ttft']> =>
    load({ target, child }, { mode: 'ttft', target, direct: plainTarget(bench.upstream), streams: count, pace })
  return interleave(bench, 'time to first token', {
    rounds,
    warmUp: (subject) => run(subject, warmup),
    round: async (subject) => {
      const outcome = await run(subject, streams)
      const direct = percentiles(outcome.direct)
      const through = percentiles(outcome.through)
      return { direct, through, added: { p50: through.p50 - direct.p50, p99: through.p99 - direct.p99 } }
    },
  })
}

/** Every round has a new process: memory that an earlier load has freed would hide what the streams hold. */
export async function measureMemory(bench: Bench): Promise<Rounds<MemoryRound>> {
  const results: Rounds<MemoryRound> = {}
  for (let number = 1; number <= bench.plan.memory.rounds; number += 1) {
    for (const { name, start } of bench.subjects) {
      bench.progress.step(`memory of open streams: round ${number}, ${name}`)
      const subject = await start(bench.upstream, bench.node)
      ;(results[name] ??= []).push(await memoryRound(bench, subject))
      await subject.child.stop()
    }
  }
  return results
}

async function memoryRound(bench: Bench, subject: RunningSubject): Promise<MemoryRound> {
  const { streams, pace, warmup, settle } = bench.plan.memory
  const { target, child } = subject
  await load(subject, { mode: 'sse', target, streams: 10, pace: { events: 10, interval: 1 }, seconds: warmup })
  const idle = residentKilobytes(child.pid)
  const job = { mode: 'memory', target, streams, pace } as const
  const generator = Child.own('load')
  generator.tell(job)
  try {
    await outcomeOf(generator, subject, job)
    await sleep(settle * 1000)
    const open = residentKilobytes(child.pid)
    return { idle, open, perStream: (open - idle) / streams }
  } finally {
    await generator.stop()
  }
}
