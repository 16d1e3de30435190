import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.js'
import type { Pace } from './completion.js'
import { residentKilobytes } from './proc.js'
import { outcomeOf } from './run-load.js'
import type { RunningSubject } from './subjects.js'

/** Streams that are held open, and what the proxy holds for each. */
export interface HeldStreams {
  /** In kB. */
  readonly perStream: number
  stop(): Promise<void>
}

/** After the first event of the last stream, in milliseconds: garbage of opening them is collected meanwhile. */
const settleMs = 1500

/** Opens streams of this pace and holds them. Resolves when each has had its first event. */
export async function holdStreams(subject: RunningSubject, streams: number, pace: Pace): Promise<HeldStreams> {
  const before = residentKilobytes(subject.child.pid)
  const generator = Child.own('load')
  const job = { mode: 'memory', target: subject.target, streams, pace } as const
  generator.tell(job)
  await outcomeOf(generator, subject, job)
  await sleep(settleMs)
  return { perStream: (residentKilobytes(subject.child.pid) - before) / streams, stop: () => generator.stop() }
}
