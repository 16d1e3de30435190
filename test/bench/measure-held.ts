import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.js'
import { streamsWithin } from './file-limit.js'
import type { Bench, Rounds } from './interleave.js'
import type { HeldJob, HeldOutcome } from './job.js'
import { cpuMicroseconds, residentKilobytes } from './proc.js'
import { load } from './run-load.js'
import type { RunningSubject, Subject } from './subjects.js'

/** How many streams of a subject were held, and how their events came. */
export interface HeldRound extends Omit<HeldOutcome, 'errors'> {
  /** What was asked for; fewer are held where the machine does not let a process have as many connections. */
  readonly asked: number
  readonly seconds: number
  /** In kB, when all were open, and at the end. */
  readonly perStream: number
  readonly perStreamAtTheEnd: number
  /** CPU time of the proxy for each event, in microseconds, and the share of a core that it used. */
  readonly cpuPerEvent: number
  readonly busy: number
}

/** Subjects are held one after the other: both at once would share what the machine has. */
export async function measureHeld(bench: Bench): Promise<Rounds<HeldRound>> {
  const results: Rounds<HeldRound> = {}
  for (const subject of bench.subjects) {
    bench.progress.step(`streams that are held: ${subject.name}`)
    results[subject.name] = [await holdOne(bench, subject)]
  }
  return results
}

async function holdOne(bench: Bench, { start }: Subject): Promise<HeldRound> {
  const { streams: asked, interval, seconds } = bench.plan.held
  const subject = await start(bench.upstream, bench.node)
  const { target, child } = subject
  // Just long enough that all code is loaded.
  await load(subject, { mode: 'sse', target, streams: 10, pace: { events: 10, interval: 1 }, seconds: 0.05 })
  const idle = residentKilobytes(child.pid)
  const streams = streamsWithin(asked)
  const job: HeldJob = { mode: 'held', target, streams, pace: { events: 1_000_000, interval }, seconds }
  const generator = Child.own('load')
  generator.tell(job)
  try {
    await lineOf(generator, subject)
    const open = residentKilobytes(child.pid)
    const before = cpuMicroseconds(child.pid)
    const outcome = await lineOf(generator, subject)
    const cpu = cpuMicroseconds(child.pid) - before
    const end = residentKilobytes(child.pid)
    return {
      asked,
      ...outcome,
      seconds,
      perStream: (open - idle) / streams,
      perStreamAtTheEnd: (end - idle) / streams,
      cpuPerEvent: cpu / outcome.events,
      busy: cpu / 1e6 / seconds,
    }
  } finally {
    await generator.stop()
    await child.stop()
    // What the upstream held for it is given back.
    await sleep(200)
  }
}

/** The generator says when all are open, and again at the end. */
async function lineOf(generator: Child, subject: RunningSubject): Promise<HeldOutcome> {
  const { errors, firstError, ...outcome } = await generator.line<HeldOutcome>()
  if (errors > 0) throw new Error(subject.child.complaint(`${errors} of the held streams failed; the first: ${firstError}`))
  return { errors, ...outcome }
}
