import type { NodeLine } from './node-line.js'
import type { Plan } from './plan.js'
import type { Progress } from './progress.js'
import type { RunningSubject, Subject } from './subjects.js'

/** What a measurement works with. */
export interface Bench {
  readonly plan: Plan
  readonly subjects: readonly Subject[]
  /** The upstream's port. */
  readonly upstream: number
  /** What the subjects run under. */
  readonly node: NodeLine
  readonly progress: Progress
}

/** The rounds of each subject, by its name. */
export type Rounds<T> = Record<string, T[]>

interface Interleaved<T> {
  readonly rounds: number
  readonly warmUp: (subject: RunningSubject) => Promise<unknown>
  readonly round: (subject: RunningSubject) => Promise<T>
}

/** Starts all subjects, warms each up, then measures them in turn, round after round. */
export async function interleave<T>(bench: Bench, label: string, { rounds, warmUp, round }: Interleaved<T>): Promise<Rounds<T>> {
  const results: Rounds<T> = {}
  const running: (readonly [string, RunningSubject])[] = []
  for (const { name, start } of bench.subjects) {
    bench.progress.step(`${label}: warming up ${name}`)
    const subject = await start(bench.upstream, bench.node)
    running.push([name, subject])
    await warmUp(subject)
  }
  for (let number = 1; number <= rounds; number += 1) {
    for (const [name, subject] of running) {
      bench.progress.step(`${label}: round ${number}, ${name}`)
      ;(results[name] ??= []).push(await round(subject))
    }
  }
  await Promise.all(running.map(([, { child }]) => child.stop()))
  return results
}
